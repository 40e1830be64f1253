/*
 * Credentials in ssh certificates: by a configured agent CA, for one account, in an extension either an AAT, bound to the certified key, or
 * task claims, which the CA signs with the certificate itself:
 *
 *   agent-credential@pam-agent   an AAT as it is presented elsewhere (credential.h); another name where the issuer is configured so
 *   agent-task@pam-agent         a JSON object: `sub` or `act`, `txn` or `mission`, `tctx`, `aud`, `authorization_details`, as in an AAT's root;
 *                                `jti`, `iat` and `exp` if any, which only narrow what the certificate says;
 *                                beside a `jti` the serial counts for revocations still
 *
 * sshd has verified that the client holds the key, and heeds the critical options: those that it knows are taken, others refused.
 */
#ifndef PAM_AGENT_CERTIFICATE_H
#define PAM_AGENT_CERTIFICATE_H

#include "trust/credential.h"

#define CERTIFICATE_TOKEN_EXTENSION "agent-credential@pam-agent"
#define CERTIFICATE_CLAIMS_EXTENSION "agent-task@pam-agent"

/*
 * The first certificate in auth_info, sshd's SSH_AUTH_INFO_0, as a credential for this account (NULL: for whichever). As
 * credential_verify(); credential_missing where there is no certificate, or it has neither extension.
 */
enum reason certificate_verify(const struct verify_context *ctx, const char *auth_info, const char *account,
                               struct credential **ret_credential, const char **ret_detail) MUST_CHECK;

#endif
