/* identity list: whose accounts these are. */
#include <errno.h>
#include <string.h>

#include "agentctl/apply_accounts.h"
#include "agentctl/arguments.h"
#include "agentctl/say.h"
#include "agentctl/table.h"
#include "agentctl/verbs.h"
#include "core/paths.h"

static int print_accounts(const struct accounts *accounts)
{
    static const char *const heads[] = {"ACCOUNT", "UID", "STATE", "ID", NULL};
    struct table table;

    table_start(&table, heads);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account *account = &accounts->items[i];

        table_cell(&table, account->name);
        table_number(&table, account->uid);
        table_cell(&table, account->disabled ? "disabled" : "enabled");
        table_cell(&table, account->id);
    }
    return table_print(&table, stdout);
}

static int print_accounts_json(const struct accounts *accounts)
{
    json_t *array = json_array();

    for (size_t i = 0; i < accounts->count; i++) {
        const struct account *account = &accounts->items[i];
        json_t *one = json_pack("{s:s, s:s, s:I, s:I, s:b, s:b}", "account", account->name, "id", account->id, "uid",
                                (json_int_t)account->uid, "gid", (json_int_t)account->gid, "disabled",
                                account->disabled, "local", account->local);

        if (json_array_append_new(array, one) < 0) {
            json_decref(array);
            return -ENOMEM;
        }
    }
    return print_json_value(array);
}

int verb_identity_list(int argc, char **argv)
{
    struct accounts accounts = {0};
    struct arena arena = {0};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 0, &a), r;

    if (status)
        return status;
    r = accounts_load(PATH_IDENTITIES, &arena, &accounts);
    if (r < 0) {
        complain("%s: %s: run `agentctl apply`", PATH_IDENTITIES, strerror(-r));
        return EXIT_PART;
    }
    status = (a.json ? print_accounts_json : print_accounts)(&accounts) < 0 ? EXIT_PART : EXIT_YES;
    arena_clear(&arena);
    return status;
}
