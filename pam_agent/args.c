#include "pam_agent/args.h"

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>

void args_parse(pam_handle_t *pamh, int argc, const char **argv, struct args *ret)
{
    *ret = (struct args){0};
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "debug") == 0) {
            ret->debug = 1;
        } else if (strcmp(argv[i], "observe") == 0) {
            ret->observe = 1;
        } else {
            ret->broken = 1;
            pam_syslog(pamh, LOG_ERR, "unknown argument %.64s: agents are refused until it is corrected", argv[i]);
        }
    }
}
