# shellcheck shell=bash
# Words for stories that make tokens of any kind, good and bad, on top of agent.sh:
#
#	token KIND NAME FILTER        into $CREDENTIALS/NAME: the good claims of that kind after the jq filter; a key of another issuer with SIGN_AS
#
# Kinds: aat, chain (three tokens), svid, jwt, and bound-svid, bound-jwt, whose cnf is the agent's key; cert-token and cert-claims are
# certificates, beside a key of their own, $CREDENTIALS/NAME.

encode() { base64 -w0 | tr -- '+/' '-_' | tr -d '='; }
decode() {
	local text
	text=$(tr -- '-_' '+/')
	while [ $((${#text} % 4)) != 0 ]; do text+='='; done
	printf %s "$text" | base64 -d
}

# The public JWK of an ssh key of Ed25519.
jwk_of() {
	printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$(cut -d' ' -f2 "$1" | base64 -d | tail -c 32 | encode)"
}
thumbprint_of() { jwk_of "$1" | openssl dgst -sha256 -binary | encode; }

# The public JWK of a P-256 key in PEM.
jwk_of_ec() {
	openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | tail -c 64 >/tmp/point
	printf '"kty":"EC","crv":"P-256","x":"%s","y":"%s"' "$(head -c 32 /tmp/point | encode)" "$(tail -c 32 /tmp/point | encode)"
}

# issuer_of NAME KIND [lines]: a new P-256 key pair /tmp/NAME.pem, its file of keys, and a section in agent.conf.
issuer_of() {
	local name=$1 kind=$2 use=sig
	[ "$kind" != jwt-svid ] || use=jwt-svid
	try openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "/tmp/$name.pem"
	printf '{"keys":[{%s,"kid":"%s","use":"%s"}]}' "$(jwk_of_ec "/tmp/$name.pem")" "$name" "$use" >"/etc/pam_agent/keys/$name.json"
	cat >"/etc/pam_agent/conf.d/50-$name.conf" <<-CONF
		issuer "$name" { kind = "$kind"  keys = "keys/$name.json"  trust-domains = { "example.org" }
		$3
		}
	CONF
}

sign_token() { # NAME HEADER KEY < claims
	"$TOP/build/tests/mint" "$3" "$2" >"$CREDENTIALS/$1"
}

# The claims that every kind has.
common_claims() {
	jq -nc --arg aud "$HOST_ID" --argjson now "$(date +%s)" '{aud: $aud, iat: $now, exp: ($now + 300)}'
}

token() {
	local kind=$1 name=$2 filter=${3:-.} holder
	holder=$(jwk_of "$CREDENTIALS/key.pub")
	case $kind in
	aat | chain)
		common_claims | jq -c --arg sub "$AGENT_ID" --arg txn "task-$name" --argjson jwk "$holder" \
			--arg iss "$(jq -r .iss /etc/pam_agent/keys/issuer.jwks)" \
			'. + {jti: $txn, iss: $iss, sub: $sub, txn: $txn, tctx: {purpose: "restart-web"}, del_depth: 0, del_max_depth: 2,
			      cnf: {jwk: $jwk}, authorization_details: [{type: "attenuating_agent_token", tools: {"host:login": {}}}]} | '"$filter" |
			sign_token "$name" "$(jq -nc --arg kid "$(jq -r '.keys[0].kid' /etc/pam_agent/keys/issuer.jwks)" \
				'{alg: "Ed25519", kid: $kid, typ: "aat+jwt"}')" "${SIGN_AS:-/etc/pam_agent/keys/private/issuer.pem}"
		[ "$kind" = aat ] || lengthen "$name"
		;;
	svid | bound-svid)
		common_claims | jq -c --arg sub "$AGENT_ID" --arg task "task-$name" \
			'. + {sub: $sub, task: $task, purpose: "restart-web"} | '"$filter" | bind "$kind" "$holder" |
			sign_token "$name" '{"alg":"ES256","kid":"spire","typ":"JWT"}' "${SIGN_AS:-/tmp/spire.pem}"
		;;
	jwt | bound-jwt)
		common_claims | jq -c --arg task "$name" --arg agent "${AGENT_ID##*/}" \
			'. + {iss: "https://ci.example.org", job: {agent: $agent, id: $task}, workflow: "restart-web", ref: "main"} | '"$filter" |
			bind "$kind" "$holder" |
			sign_token "$name" '{"alg":"ES256","kid":"ci","typ":"JWT"}' "${SIGN_AS:-/tmp/ci.pem}"
		;;
	cert-claims | cert-token)
		certificate_of "$kind" "$name" "$filter"
		;;
	esac
}

bind() {
	case $1 in
	bound-*) jq -c --argjson jwk "$2" '. + {cnf: {jwk: $jwk}}' ;;
	*) cat ;;
	esac
}

# A chain of three, whose holders are all the one key: what is wrong with its root stays wrong.
lengthen() {
	local name=$1 chain parent depth claims
	chain=$(cat "$CREDENTIALS/$name")
	parent=$chain
	for depth in 1 2; do
		claims=$(printf %s "$parent" | cut -d. -f2 | decode | jq -c --argjson depth $depth --arg jti "$name-$depth" \
			--arg iss "urn:ietf:params:oauth:jwk-thumbprint:sha-256:$(thumbprint_of "$CREDENTIALS/key.pub")" \
			--arg hash "$(printf %s "${parent%.*}" | openssl dgst -sha256 -binary | encode)" \
			'{jti: $jti, iss: $iss, par_hash: $hash, del_depth: $depth, del_max_depth: 2, iat, exp, cnf, authorization_details}')
		parent=$(printf %s "$claims" | "$TOP/build/tests/mint" "$CREDENTIALS/key" '{"alg":"Ed25519","typ":"aat+jwt"}')
		chain+=" $parent"
	done
	# shellcheck disable=SC2086
	jq -nc '{aat_chain: $ARGS.positional}' --args $chain | encode >"$CREDENTIALS/$name"
}

# VALID_FROM, VALID_TO: seconds from now; PRINCIPAL, CA, OPTIONS may be set.
certificate_of() {
	local kind=$1 name=$2 filter=$3 value extension=agent-task@pam-agent
	ssh-keygen -q -t "${TYPE:-ed25519}" -N '' -f "$CREDENTIALS/$name"
	if [ "$kind" = cert-token ]; then
		extension=agent-credential@pam-agent
		token aat "$name-token" "${BOUND_TO:-.cnf.jwk = $(jwk_of "$CREDENTIALS/$name.pub")} | $filter"
		value=$(cat "$CREDENTIALS/$name-token")
	else
		value=$(common_claims | jq -c --arg sub "$AGENT_ID" --arg txn "task-$name" \
			'del(.exp, .iat) + {sub: $sub, txn: $txn, tctx: {purpose: "restart-web"}} | '"$filter")
	fi
	# shellcheck disable=SC2086
	must env TZ=UTC ssh-keygen -q -s "${CA:-/etc/pam_agent/keys/private/ssh_ca}" -I "$name" -n "${PRINCIPAL:-agent-deploy}" \
		-z "${SERIAL:-$RANDOM$RANDOM}" \
		-V "$(utc "${VALID_FROM:-0}"):$(utc "${VALID_TO:-300}")" -O clear ${OPTIONS:-} -O "extension:$extension=$value" "$CREDENTIALS/$name.pub"
}
utc() { date -u -d "@$(($(date +%s) + $1))" +%Y%m%d%H%M%S; }

# batch NAME [ssh options] CMD...: the stock client with a key and its certificate, which may ask nothing.
batch() {
	local name=$1
	shift
	setsid -w timeout 30 ssh "${SSH_OPTIONS[@]}" -o BatchMode=yes -o IdentitiesOnly=yes -i "$CREDENTIALS/$name" \
		"${ACCOUNT:-agent-deploy}@127.0.0.1" "$@" </dev/null
}

# Issuers of the kinds svid and jwt, and a host that takes what is bound to no key; agent-other wants a proof.
token_issuers() {
	issuer_of spire jwt-svid 'task = "task"  purpose = "purpose"'
	issuer_of ci jwt "iss = \"https://ci.example.org\"  identity = \"spiffe://example.org/agent/{job.agent}\"
		task = \"task-{job.id}\"  purpose = \"workflow\"  require = { \"ref=main\" }"
	sed -i 's/^\( *possession *=\) "signed"/\1 "bearer"/' /etc/pam_agent/agent.conf
	cat >/etc/pam_agent/conf.d/60-other.conf <<-CONF
		policy "proof" { identities = { "spiffe://example.org/agent/other" }  possession = "signed" }
	CONF
	must agentctl apply
}
