#!/usr/bin/python3
"""with_asyncssh.py ACCOUNT COMMAND: as ssh would."""
import asyncio
import sys
import warnings

warnings.filterwarnings("ignore")
import asyncssh  # noqa: E402

from answers import Answers  # noqa: E402


class Client(asyncssh.SSHClient):
    def __init__(self):
        self.answers = Answers()

    def kbdint_auth_requested(self):
        return ""

    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        return [self.answers(prompt) for prompt, echo in prompts]


async def run(account, command):
    try:
        connection, _ = await asyncssh.create_connection(Client, "127.0.0.1", username=account, known_hosts=None,
                                                         client_keys=None, agent_path=None, config=None)
    except asyncssh.Error as error:
        print(error, file=sys.stderr)
        return 255
    async with connection:
        result = await connection.run(command)
        sys.stdout.write(result.stdout)
        sys.stderr.write(result.stderr)
        return result.exit_status


sys.exit(asyncio.run(run(*sys.argv[1:])))
