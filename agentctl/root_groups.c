#include "agentctl/root_groups.h"

#include <stddef.h>
#include <string.h>

#define ADMINISTER "administer the host by sudo, su and polkit"
#define CONTAIN "start containers and machines as root"

const struct root_group root_groups[] = {
    {"root", "write what is root's"},
    {"wheel", ADMINISTER},
    {"sudo", ADMINISTER},
    {"admin", ADMINISTER},
    {"staff", "write to /usr/local, from where root runs programs"},
    {"shadow", "read the hashes of passwords"},
    {"ssh_keys", "read the keys that this host proves itself with"},
    {"ssl-cert", "read the keys that services of this host prove themselves with"},
    {"disk", "read and write raw disks"},
    {"kmem", "read the memory of the kernel"},
    {"input", "read what is typed at the console"},
    {"tty", "write to the terminals of root"},
    {"netdev", "configure the network by programs that run as root"},
    {"lpadmin", "configure cups, which runs as root"},
    {"docker", CONTAIN},
    {"dockerroot", CONTAIN},
    {"podman", CONTAIN},
    {"containerd", CONTAIN},
    {"lxc", CONTAIN},
    {"lxd", CONTAIN},
    {"incus", CONTAIN},
    {"incus-admin", CONTAIN},
    {"libvirt", CONTAIN},
    {"libvirtd", CONTAIN},
    {"microk8s", CONTAIN},
    {"snap_microk8s", CONTAIN},
    {NULL, NULL},
};

const struct root_group *root_group(const char *name)
{
    for (const struct root_group *group = root_groups; group->name; group++)
        if (strcmp(group->name, name) == 0)
            return group;
    return NULL;
}
