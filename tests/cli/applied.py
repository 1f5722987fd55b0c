"""What the tests of `apply` share."""

EXPECT_OPEN = "[{at: 2026-12-25T10:00, status: open}]"
