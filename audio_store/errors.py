"""What can be wrong with a message, its bytes, or a recording that waits."""


class AudioError(Exception):
    """Something refused; `problem` and `remedy` say what is wrong and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


class RefusedAudioError(AudioError):
    """Bytes that are no message a PBX can play."""


class UnusableAudioError(AudioError):
    """A stored message that can't be given out; `digest` is the SHA-256 it is kept by."""

    def __init__(self, digest: str, problem: str, remedy: str) -> None:
        super().__init__(f"message {digest[:64]} {problem}", remedy)
        self.digest = digest


class MissingAudioError(UnusableAudioError):
    """There is no stored message with this hash."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest, "is not stored here", "add it again, or restore a backup")


class DamagedAudioError(UnusableAudioError):
    """A stored message that isn't what its name says, or can't be read; `why` says which."""

    def __init__(
        self,
        digest: str,
        why: str,
        remedy: str = "add the same recording again, or restore a backup",
    ) -> None:
        super().__init__(digest, f"is damaged: {why}", remedy)


class InboxFullError(AudioError):
    """So many recordings wait for a schedule that another one is refused."""


class MissingRecordingError(AudioError):
    """No recording waits under this id."""
