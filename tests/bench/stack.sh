# shellcheck shell=bash
# Services of PAM for bench_pam and bench_sudo, on top of agent.sh.

# sudo as `agentctl enable` leaves it, and with pam_permit in our place, for bench_sudo: $WITH and $WITHOUT.
bench_sudo_ways() {
	local way
	WITH=/tmp/with WITHOUT=/tmp/without
	for way in "$WITH" "$WITHOUT"; do
		mkdir "$way"
		cp -a /etc/pam.d /etc/sudo.conf "$way"
	done
	sed -i 's/pam_agent\.so/pam_permit.so/' "$WITHOUT"/pam.d/*
	sed -i '/^Plugin sudo_agent /d' "$WITHOUT/sudo.conf"
	must grep -q '^Plugin sudo_agent ' "$WITH/sudo.conf"
}

# After bench_sudo_ways: sudo has our lines alone from here on.
bench_stack() {
	local phase
	for phase in auth account session; do
		echo "$phase required pam_agent.so" | tee -a /etc/pam.d/bench >>/etc/pam.d/sudo.bench
		printf '%s required pam_permit.so\n' "$phase" >>/etc/pam.d/bench-null
		printf '%s optional pam_agent.so\n%s required pam_permit.so\n' "$phase" "$phase" >>/etc/pam.d/bench-human
	done
	mv /etc/pam.d/sudo.bench /etc/pam.d/sudo
}
