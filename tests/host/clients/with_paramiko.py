#!/usr/bin/python3
"""with_paramiko.py [--key] ACCOUNT COMMAND: as ssh would. With --key the connection is opened with AGENT_KEY first."""
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import paramiko  # noqa: E402

from answers import Answers  # noqa: E402


def main(arguments):
    with_key = arguments[0] == "--key"
    account, command = arguments[with_key:]
    answers = Answers()
    transport = paramiko.Transport(("127.0.0.1", int(os.environ.get("PORT", "22"))))
    transport.start_client(timeout=10)
    try:
        if with_key:
            transport.auth_publickey(account, paramiko.Ed25519Key.from_private_key_file(os.environ["AGENT_KEY"]))
        transport.auth_interactive(account, lambda title, text, prompts: [answers(prompt) for prompt, echo in prompts])
    except paramiko.SSHException as error:
        print(error, file=sys.stderr)
        return 255
    channel = transport.open_session()
    channel.exec_command(command)
    sys.stdout.write(channel.makefile("r").read().decode())
    sys.stderr.write(channel.makefile_stderr("r").read().decode())
    status = channel.recv_exit_status()
    transport.close()
    return status


sys.exit(main(sys.argv[1:]))
