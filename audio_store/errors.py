"""What can be wrong with a message's bytes."""


class RefusedAudioError(Exception):
    """Bytes that are no message a PBX can play; `problem` and `remedy` say why and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy
