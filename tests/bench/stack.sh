# shellcheck shell=bash
# Services of PAM for bench_pam, on top of agent.sh: sudo has our lines alone.

bench_stack() {
	local phase
	for phase in auth account session; do
		echo "$phase required pam_agent.so" | tee -a /etc/pam.d/bench >>/etc/pam.d/sudo.bench
		printf '%s required pam_permit.so\n' "$phase" >>/etc/pam.d/bench-null
		printf '%s optional pam_agent.so\n%s required pam_permit.so\n' "$phase" "$phase" >>/etc/pam.d/bench-human
	done
	mv /etc/pam.d/sudo.bench /etc/pam.d/sudo
}
