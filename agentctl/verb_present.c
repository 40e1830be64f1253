/* present: put a JWT-SVID beside a credential that was delegated to oneself. Offline; nothing is verified here. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/inputs.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "trust/credential.h"
#include "trust/presentation.h"

/* Of each token its own text, NUL-terminated. 0, or an exit status. */
static int format(const struct presentation *p, const char *svid)
{
    char *tokens[AAT_TOKENS_MAX + 1] = {NULL}, *made = NULL;
    int complete = 1;

    for (size_t i = 0; i < p->count; i++) {
        tokens[i] = strndup(p->tokens[i], p->lens[i]);
        complete &= tokens[i] != NULL;
    }
    if (complete)
        made = presentation_format((const char *const *)tokens, p->count, svid);
    for (size_t i = 0; i < p->count; i++)
        free(tokens[i]);
    if (!made) {
        complain("the tokens cannot be written as JSON");
        return EXIT_NO;
    }
    puts(made);
    free(made);
    return EXIT_YES;
}

int verb_present(int argc, char **argv)
{
    static const struct option options[] = {
        {"credential", required_argument, NULL, 'c'}, {"svid", required_argument, NULL, 's'}, {0}};
    static char credential[CREDENTIAL_MAX + 8], svid[JWS_MAX + 8];
    const char *credential_path = NULL, *svid_path = NULL;
    struct presentation presentation;
    struct verdict verdict;
    size_t len, svid_len;
    int c, status;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'c' && c != 's')
            return EXIT_USAGE;
        *(c == 'c' ? &credential_path : &svid_path) = optarg;
    }
    if (optind < argc || !credential_path || !svid_path)
        return EXIT_USAGE;
    if (input_credential(credential_path, credential, sizeof credential, &len) < 0 ||
        input_credential(svid_path, svid, sizeof svid, &svid_len) < 0)
        return EXIT_NO;
    svid[svid_len] = '\0'; /* without the line's end */
    verdict = presentation_read(credential, len, &presentation);
    if (verdict.reason == REASON_PERMIT) {
        status = format(&presentation, svid);
    } else {
        complain("%s: %s", credential_path, verdict.detail);
        status = EXIT_NO;
    }
    presentation_clear(&presentation);
    return status;
}
