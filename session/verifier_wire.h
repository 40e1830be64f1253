/*
 * What gate and verifier say to each other, a packet of fields each way (ask/packet.h). Gate asks, in this order:
 *
 *   op credential   audience  now  token  auth-info (SSH_AUTH_INFO_0, where there is one)
 *   op certificate  audience  now  account  auth-info, in the place of it: of a connection that a certificate opened
 *   op proof        now  nonce  host-id  account  proof (an SSHSIG in base64url, or a PoP JWT)
 *
 * and reads:
 *
 *   reason WORD  detail TEXT
 *   on permit of a credential also: issuer iss jti key signer (thumbprints; no key: it is bound to none) identity principal task purpose
 *   sensitivity issued expires scope, from the root on ancestor-jti and ancestor-key of each token that it derives from; of another token that it
 *   stands on voucher-issuer, -iss, -signer, -jti, and -once 1 where that counts once, and the delegatee whose it is; and channel 1 where
 *   the ssh key of this connection is the holder's
 *
 * The verifier has no more than its anchors: it dropped root, and its root directory is empty.
 */
#ifndef PAM_AGENT_VERIFIER_WIRE_H
#define PAM_AGENT_VERIFIER_WIRE_H

#define VERIFIER_MESSAGE_MAX (4 * 65536) /* a scope of 64 KiB, escaped */
#define VERIFIER_TIMEOUT_MS 1500         /* less than ASK_TIMEOUT_MS, so that the reason gets through */
#define NONCE_BYTES 16

#endif
