"""What Gemini CLI sends in one turn, as a list of lines for `records.expect`."""


def turn(session="A", after="AfterAgent", call=False, more="BeforeAgent"):
    """The events of one prompt. `call`: a shell call comes first. `after`: how the turn ends; empty: by nothing."""
    asked = ["PreCompress auto", "BeforeModel", "BeforeToolSelection"]
    events = [more, *asked]
    if call:
        events += ["AfterModel", "AfterModel", "BeforeTool", "AfterTool", *asked]
    events += ["AfterModel", "AfterModel", after] if after else []
    return ", ".join(f"{session} {event}" for event in events if event) + ","


def start(session="A", source="startup"):
    return f"{session} SessionStart {source},"


def end(session="A", times=3):
    """The terminal interface says three times that it exits."""
    return ", ".join([f"{session} SessionEnd exit"] * times) + ","
