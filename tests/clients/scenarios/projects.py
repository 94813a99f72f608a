"""Protected files, while two clients come to a project and leave it."""
from scenarios.register import claude_with_baton, codex_with_baton
from waiting import wait_for

MINE, TOOLS = "mine\n", "the tool's\n"


def last_session_restores(client):
    "two clients in one project: the one that leaves last restores the files"
    work = client.home.work
    agents, new = work / "AGENTS.md", work / ".claude-of-a-tool" / "new"
    agents.write_text(MINE, encoding="utf-8")
    config = client.home.path / ".config" / "baton" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[[protect]]\nproject = "{work}"\npaths = ["AGENTS.md", ".claude-of-a-tool"]\n', encoding="utf-8")
    first = client.open()
    first.ask("hello one", bash=f"mkdir {new.parent}; echo new > {new}; printf \"the tool's\\n\" > {agents}")
    second = client.open()
    second.ask("hello two")
    assert agents.read_text(encoding="utf-8") == TOOLS
    first.exit()
    client.state.expect_shown(client.records.sessions()[0])
    assert agents.read_text(encoding="utf-8") == TOOLS, "the other one is there still"
    second.exit()
    wait_for("the file as it was", lambda: agents.read_text(encoding="utf-8") == MINE and not new.parent.exists(),
             detail=lambda: client.state.dump("project"))
    [project] = client.state.rows("project")
    assert (project["state"], project["participants"]) == ("idle", []), project


for register in (claude_with_baton, codex_with_baton):
    register(last_session_restores)
