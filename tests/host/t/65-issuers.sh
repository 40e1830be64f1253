#!/bin/bash
# timeout: 120
# Issuers of other makes: keys and signatures by openssl, of each algorithm that is taken, and what such an issuer may not do.
. "$TOP/tests/host/agent.sh"
agent_host
algs='ES384 RS256 PS256'

encode() { base64 -w0 | tr -- '+/' '-_' | tr -d '='; }
# The public key of alg $1 as members of a JWK.
members() {
	case $1 in
	ES384)
		openssl pkey -in "/tmp/$1.pem" -pubout -outform DER 2>/dev/null | tail -c 96 >/tmp/point
		printf '"kty":"EC","crv":"P-384","x":"%s","y":"%s"' "$(head -c 48 /tmp/point | encode)" "$(tail -c 48 /tmp/point | encode)"
		;;
	*)
		printf '"kty":"RSA","e":"AQAB","n":"%s"' "$(openssl rsa -in "/tmp/$1.pem" -noout -modulus 2>/dev/null | cut -d= -f2 |
			perl -ne 'chomp; print pack "H*", $_' | encode)"
		;;
	esac
}
# sign ALG KEY-ALG: the signature over standard input by the key of KEY-ALG, as JWS has it.
sign() {
	case $1 in
	ES384) # two numbers of 48 bytes instead of DER
		openssl dgst -sha384 -sign "/tmp/$2.pem" | openssl asn1parse -inform DER 2>/dev/null |
			sed -n 's/.*INTEGER *://p' | perl -ne 'chomp; print pack "H*", substr("0" x 96 . $_, -96)'
		;;
	RS256) openssl dgst -sha256 -sign "/tmp/$2.pem" ;;
	PS256) openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign "/tmp/$2.pem" ;;
	esac
}
# token NAME ISSUER ALG KEY-ALG: the usual claims, by that issuer, in a header that says ALG, signed by ALG with the key of KEY-ALG.
token() {
	local name=$1
	credential base --task "task-$name"
	claims_of base | jq -c --arg iss "https://$2.example.org" '.iss = $iss' >/tmp/claims
	printf '%s.%s' "$(printf '{"alg":"%s","typ":"aat+jwt"}' "$3" | encode)" "$(encode </tmp/claims)" >/tmp/signed
	printf '%s.%s\n' "$(cat /tmp/signed)" "$(sign "$3" "$4" </tmp/signed | encode)" >"$CREDENTIALS/$name"
}

for alg in $algs; do
	case $alg in
	ES384) try openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "/tmp/$alg.pem" ;;
	*) try openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "/tmp/$alg.pem" ;;
	esac
	printf '{"keys":[{%s,"alg":"%s","use":"sig"},{"kty":"oct-public","x":"AA"}]}' "$(members "$alg")" "$alg" >"/etc/pam_agent/keys/$alg.jwks"
	cat >>/etc/pam_agent/conf.d/50-issuers.conf <<-CONF
		issuer "$alg" { kind = "aat"  iss = "https://$alg.example.org"  keys = "keys/$alg.jwks"  trust-domains = { "example.org" } }
	CONF
done

story "issuers whose keys openssl made"
expect_ok "their keys are taken in" agentctl apply
expect_seen "what is of no use is passed over" 'key 2 passed over'
for alg in $algs; do
	token "good-$alg" "$alg" "$alg" "$alg"
	expect_output "$alg: verify takes it" "issuer +$alg" agentctl verify "$CREDENTIALS/good-$alg"
	expect_output "$alg: it opens the account" '^agent-deploy$' agent "good-$alg" id -un
	must agentctl task complete "task-good-$alg" --issuer "https://$alg.example.org"
	token "stolen-$alg" "$alg" "$alg" "$alg"
	sed -i 's/.\{8\}$/AAAAAAAA/' "$CREDENTIALS/stolen-$alg"
	expect_refused "$alg: another signature" key_unknown agent "stolen-$alg" id
done
token cross RS256 PS256 RS256
expect_refused "an RSA key with the other algorithm of RSA" key_unknown agent cross id
token other RS256 RS256 PS256
expect_refused "another issuer's key" key_unknown agent other id
head=$(printf '{"alg":"HS256","typ":"aat+jwt"}' | encode).$(encode </tmp/claims)
printf '%s.%s\n' "$head" "$(printf %s "$head" | openssl dgst -sha256 -mac HMAC -macopt "key:$(cat /etc/pam_agent/keys/RS256.jwks)" -binary | encode)" \
	>"$CREDENTIALS/confused"
expect_refused "a MAC keyed with the public key" algorithm_refused agent confused id

story "algorithms that an issuer is configured for"
printf '{"keys":[{%s,"alg":"RS256","kid":"a"},{%s,"kid":"b"}]}' "$(members RS256)" "$(members ES384)" >/etc/pam_agent/keys/RS256.jwks
sed -i 's/issuer "RS256" {/& algorithms = { "ES384" } /' /etc/pam_agent/conf.d/50-issuers.conf
expect_ok "apply passes over a key of another" agentctl apply
expect_seen "and names it, and the list" 'RS256.jwks: key 1 passed over: a key of RSA signs by none of the algorithms at .*50-issuers.conf:2'
token listed RS256 ES384 ES384
expect_output "what is on the list is taken" '^agent-deploy$' agent listed id -un
must agentctl task complete task-listed --issuer https://RS256.example.org
token unlisted RS256 RS256 RS256
expect_refused "what is not, is refused" key_unknown agent unlisted id
sed -i 's/"ES384" }/"ES384", "HS256" }/' /etc/pam_agent/conf.d/50-issuers.conf
expect_fail "what is none" agentctl apply
expect_seen "is told with its place" '50-issuers.conf:2: algorithms: "HS256" is none of kind "aat": write some of "Ed25519", '
sed -i 's/ algorithms = {[^}]*}//' /etc/pam_agent/conf.d/50-issuers.conf

story "a key that is too short"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out /tmp/RS256.pem 2>/dev/null
printf '{"keys":[{%s}]}' "$(members RS256)" >/etc/pam_agent/keys/RS256.jwks
expect_fail "is refused by apply" agentctl apply
expect_seen "with its place" 'RS256.jwks: key 1 is not a valid public key'
finish
