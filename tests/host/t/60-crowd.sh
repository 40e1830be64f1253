#!/bin/bash
# timeout: 600
# pids: 3000
# A hundred sessions of ten tasks on ten accounts: what ends one task touches no other.
. "$TOP/tests/host/agent.sh"
. "$TOP/tests/host/crowd.sh"
crowd_host

sessions() { ls /run/pam_agent/session | wc -l; }
sessions_are() { [ "$(sessions)" = "$1" ]; }

story "a hundred sessions with five processes each"
expect_ok "all of them run" open_crowd 10
expect_ok "a hundred sessions" sessions_are 100

story "one task of ten is completed"
expect_ok "complete" agentctl task complete crowd-task-3
expect_ok "its fifty processes are gone within 4 s" wait_until 4 none_ticks 150 199
expect_ok "and its sessions" wait_until 3 sessions_are 90
expect_ok "those before it tick" all_go_on 0 149
expect_ok "those behind it tick" all_go_on 200 499
expect_ok "no process of its account is left" no_process_of agent-03
expect_ok "a human's sshd lives" as_human alice true

story "a credential is revoked"
jti=$(claims_of crowd-5 | jq -r .jti)
expect_ok "revoke jti" agentctl revoke jti "$jti"
expect_ok "its processes are gone within 2 s" wait_until 2 none_ticks 250 299
expect_ok "and its sessions" wait_until 3 sessions_are 80
expect_ok "the others tick" all_go_on 300 499
expect_log "its reason is in the record" '"status_code":"revoked".*"step":"close"' "$DECISIONS"

story "the issuer is revoked with eighty sessions"
expect_ok "revoke issuer" agentctl revoke issuer "$(claims_of crowd-5 | jq -r .iss)"
expect_ok "everything is gone within 3 s" wait_until 3 none_ticks 0 499
expect_ok "and every session" wait_until 5 sessions_are 0
expect_ok "a human's sshd lives" as_human alice true
finish
