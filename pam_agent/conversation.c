#include "pam_agent/conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask/wipe.h"

/*
 * One message. 0 with what came back, which is the caller's; libpam's own pam_prompt would also free what a failed
 * conversation left behind, whose owner pam_conv(3) does not name.
 */
static int talk(pam_handle_t *pamh, int style, const char *text, struct pam_response **ret_response)
{
    const struct pam_message message = {.msg_style = style, .msg = text};
    const struct pam_message *messages = &message;
    struct pam_response *response = NULL;
    const void *item = NULL;
    const struct pam_conv *conv;

    if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || !item)
        return -ECANCELED;
    conv = item;
    if (!conv->conv || conv->conv(1, &messages, &response, conv->appdata_ptr) != PAM_SUCCESS)
        return -ECANCELED;
    *ret_response = response;
    return 0;
}

static void forget(struct pam_response *response)
{
    if (response && response->resp) {
        wipe(response->resp, strlen(response->resp));
        free(response->resp);
    }
    free(response);
}

int conversation_ask(void *arg, const char *prompt, char *reply)
{
    struct pam_response *response = NULL;
    int r = talk(arg, PAM_PROMPT_ECHO_OFF, prompt, &response);

    if (r < 0)
        return r;
    r = -ECANCELED;
    if (response && response->resp && strnlen(response->resp, REPLY_MAX + 1) <= REPLY_MAX) {
        strcpy(reply, response->resp);
        r = 0;
    }
    forget(response);
    return r;
}

void conversation_refuse(pam_handle_t *pamh, const struct outcome *outcome)
{
    struct pam_response *response = NULL;
    char text[OUTCOME_TEXT_MAX];

    outcome_text(outcome, text, sizeof text);
    if (talk(pamh, PAM_ERROR_MSG, text, &response) == 0)
        forget(response);
}
