"""Which queue a task waits in, so that people never wait behind issues.

- ``web``: what somebody waits for at a page – sign-ups, confirmations, welcomes.
- ``issues``: drains, which keep a thread for most of a minute each, and many of them.
- ``beat``: ticks, the janitor, and what makes up for lost tasks.

A worker that is told no queues takes from all; then its threads may all be draining while a
confirmation waits. So people's queues get a worker of their own (``--queues web,beat``).
"""

WEB, ISSUES, BEAT = "web", "issues", "beat"
QUEUES = (WEB, ISSUES, BEAT)
ROUTES = {
    "subscribers.tasks.work_on_sign_up": {"queue": WEB},
    "subscribers.tasks.send_confirmation": {"queue": WEB},
    "subscribers.tasks.send_address_mail": {"queue": WEB},
    "newsletter.tasks.welcome": {"queue": WEB},
    "newsletter.tasks.drain": {"queue": ISSUES},
}
