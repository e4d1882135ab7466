"""Issues written for tests: invented companies, and stories as long as real ones."""

from dataclasses import replace
from datetime import date

from newsletter.content import IssueContent, StoryContent, ThreadContent

WRITTEN = (
    StoryContent(
        key="harbour-rail-moves-timetables",
        headline="Harbour Rail moves its timetable to one append-only log and deletes nine caches",
        company="Harbour Rail",
        body=(
            "Nine services each kept a copy of the timetable, and on a bad morning no two of them "
            "agreed. The team wrote every change to one append-only log instead and let each "
            "service build the view that it needs. Departures are read from memory, so the log may "
            "be slow; it has to be *right*. The migration ran both worlds for six weeks and "
            "compared answers, which found forty-one disagreements, thirty-eight of them in the "
            "old caches. The lesson they draw is about ownership rather than storage: a cache that "
            "nobody is called for at night is a database without an owner."
        ),
        url="https://engineering.harbour-rail.example/2026/timetable-log?utm=none&ref=digest",
        source_ids=(1,),
    ),
    StoryContent(
        key="lumen-maps-tiles",
        headline="Tiles at the edge: Lumen Maps cuts cold starts from 900 to 40 milliseconds",
        company="Lumen Maps",
        body=(
            "A map tile was a request to a database in one region. Lumen packs a whole city into "
            "one file that an edge node can seek in, sorted along a Hilbert curve so that "
            "neighbours lie beside each other. Setting `tile_prefetch_radius` to 2 turned out to "
            "matter more than every compression trick together. They name the price as well: an "
            "edit of one street rewrites a file of 200 MB, so corrections go out hourly and urgent "
            "ones through a small overlay that is merged at night."
        ),
        url="https://blog.lumenmaps.example/tiles-at-the-edge",
        source_ids=(2,),
        via="The Second Reader",
    ),
    StoryContent(
        key="quill-bank-ledger",
        headline="Why Quill Bank counts money twice",
        company="Quill Bank",
        body=(
            "Two teams wrote the ledger twice, from one specification, in two languages, and a "
            "third process compares their books every minute. Eleven disagreements in a year; each "
            "one was an ambiguity in the specification and not a slip in the code.\n\n"
            "> We do not trust two programs more than one. We trust the sentence that they forced "
            "us to write.\n\n"
            "Costs are given openly: 1.7 times the engineers for the first year, 1.2 times since. "
            "The comparison runs on `CGROUP_SKB` hooks, outside of both programs."
        ),
        url="https://quill.example/engineering/counting-twice",
        source_ids=(3,),
    ),
    StoryContent(
        key="fern-health-consent",
        headline="Fern Health stores consent as events, and can answer who knew what when",
        company="Fern Health",
        body=(
            "A patient's consent was a row with three booleans, which says what holds and never "
            "since when. It is now a list of events with the exact words that were shown. Three "
            "questions that took a week each became queries:\n\n"
            "- what had this patient agreed to on the day of the study,\n"
            "- which wording was on the screen, and in what language,\n"
            "- who looked at the record after the consent had been withdrawn.\n\n"
            "Deleting is the hard part. Events about a person are encrypted with that person's "
            "key, and forgetting the person means forgetting the key."
        ),
        url="https://tech.fernhealth.example/consent",
        source_ids=(4, 5),
    ),
    StoryContent(
        key="osprey-build-farm",
        headline="Osprey Robotics halves build times by measuring what nobody waits for",
        company="Osprey Robotics",
        body=(
            "Everybody wanted faster compilers. The team first asked which builds a person was "
            "waiting for: a third of them. The others moved to a queue that may take an hour and "
            "runs on machines that are cheap because they can be taken away. The third that "
            "remains has the fast machines for itself. Nothing was optimised, and the median wait "
            "went from 14 minutes to 6. They publish the query that tells the two kinds apart: a "
            "build is waited for when its author opens the result within ten minutes."
        ),
        url="https://ospreyrobotics.example/notes/builds",
        source_ids=(6,),
    ),
    StoryContent(
        key="ai-search-namespaces",
        headline="Parcel & Post gives every tenant a search index of its own",
        company="Parcel & Post",
        body=(
            "One index for all tenants was simple, until a tenant with forty million parcels made "
            "everybody else slow. Each tenant now has a namespace, made by one call:\n\n"
            '```\nPOST /v2/ai_search_namespaces\n{\n  "tenant": "north-depot",\n'
            '  "shards": 1\n}\n```\n\n'
            "Small tenants share machines and never indexes. `ai_search_namespaces` has 61,000 "
            "rows today, and the median namespace fits into 3 MB. What they would do differently: "
            "start with the deletion of a tenant, which took longer to get right than search did."
        ),
        url="https://parcelpost.example/eng/namespaces",
        source_ids=(2, 7),
        via="InfraWeek",
    ),
    StoryContent(
        key="tidewater-schema",
        headline="Schema changes without a maintenance window, eleven years on",
        company="Tidewater",
        body=(
            "Tidewater has changed schemas online since 2015 and counts what went wrong: 4,212 "
            "changes, 19 incidents, none of them in the copying. The incidents were all in the "
            "last second, when the old table is swapped for the new one and a long transaction "
            "holds its lock. The present rule is dull and works. **Ask for the lock with a timeout "
            "of two seconds, give up, and come back in a minute**; after thirty tries a person is "
            "told, with the transaction that stands in the way and whose it is."
        ),
        url="https://tidewater.example/blog/schema-changes",
        source_ids=(8,),
    ),
    StoryContent(
        key="presentation-queues",
        headline="Presentation: Queues lie, and what to ask them instead",
        company="",
        body=(
            "Length says little about a queue. A queue of ten may be an hour of work and a queue "
            "of a million a second of it. The speaker asks for the age of the oldest entry, and "
            "for the time that work needs once it has begun, and derives every alarm from these "
            "two. Half of the talk is about a week in which all dashboards were green and nothing "
            "moved: the consumers acknowledged first and worked afterwards. Slides and a "
            "[transcript](https://talks.example/queues/transcript) are online."
        ),
        url="",
        source_ids=(9,),
    ),
    StoryContent(
        key="cedar-observability",
        headline="Cedar throws away 98% of its traces and misses none",
        company="Cedar Cloud",
        body=(
            "Sampling at the start of a request keeps what is ordinary and loses what is odd. "
            "Cedar keeps every trace for ninety seconds in memory, at the edge of the cluster, and "
            "decides when the request is over: errors, the slowest percent, and whatever touches "
            "code that was deployed within the hour are kept. The buffer costs 6 GB a node, less "
            "than the network did. One rule was added by hand after an incident: traces with an "
            "unusual *number* of spans, in either direction, are kept as well."
        ),
        url="https://cedarcloud.example/engineering/tail-sampling",
        source_ids=(10,),
    ),
    StoryContent(
        key="northwind-agents",
        headline=(
            "Northwind's support agents may read everything and write nothing: how read-only "
            "tools, dry runs and a human's signature made automation boring"
        ),
        company="Northwind Air / Atlas Models",
        body=(
            "The agents that answer passengers can look up any booking and change none. A change "
            "is a plan, in a small language of eleven verbs, that a checker runs dry against "
            "yesterday's data. A person signs plans that cost more than 200 euros. Seven months "
            "in, the checker has refused 3 plans in a hundred, most of them for the same passenger "
            "booked twice, and people have refused 1 in a thousand. The models were changed four "
            "times meanwhile, and the verbs not once."
        ),
        url="https://northwind.example/tech/boring-agents",
        source_ids=(11, 12),
        via="The Second Reader, InfraWeek",
    ),
    StoryContent(
        key="salam-rtl",
        headline="سلام تيك تعيد بناء محرك البحث بالعربية",
        company="Salam Tech",
        body=(
            "يفصل المحرك الجديد بين جذر الكلمة وصورتها، فيجد الباحث ما كتب بتشكيل أو من دونه. "
            "انخفض زمن الإجابة إلى النصف، وبقي الفهرس بحجمه."
        ),
        url="https://salam.example/search",
        source_ids=(13,),
    ),
    StoryContent(
        key="willow-accessibility",
        headline="Willow tests its forms with people who cannot see them 👩‍💻",
        company="Willow",
        body=(
            "Automatic checks found none of the five faults that made people give up. All five "
            "were about order: an error read out before the field that it belongs to, a total that "
            "changed in silence, a button that moved. The team now records sessions of twenty "
            "minutes, once a fortnight, and everybody who writes interface code listens to one a "
            "month. The faults are fewer, and the surprise that they report is that the forms "
            "became faster to fill in for everybody else: 12% on a telephone."
        ),
        url="https://willow.example/craft/forms",
        source_ids=(14,),
    ),
)

OPENING = (
    "Take the decision away from the moment of pressure: Harbour Rail, Tidewater and Northwind "
    "each moved a judgement that engineers made at night into a rule that a machine applies by "
    "day — and each of them found that *writing the rule down* was the work, while the code that "
    "follows it fits on a page."
)
PATTERNS = (
    "Three teams this time deleted caches instead of adding one, and two of them say that the "
    "hard part was to find out who owned what they deleted. Comparing two implementations before "
    "trusting either is becoming ordinary: a bank does it for ever, a railway for six weeks."
)
DAY = date(2026, 11, 20)


def daily(count: int = len(WRITTEN), **changes: object) -> IssueContent:
    """Return a daily; beyond the written stories it repeats them under other headlines."""
    content = IssueContent(
        kind="daily",
        slug="daily-2026-11-20",
        title="Engineering @ Scale — 2026-11-20",
        subject="Harbour Rail deletes nine caches",
        period_start=DAY,
        period_end=DAY,
        opening=OPENING,
        stories=tuple(story(number) for number in range(count)),
        threads=(),
        patterns=PATTERNS,
    )
    return replace(content, **changes)  # type: ignore[arg-type]


def story(number: int) -> StoryContent:
    """Return the story of that number; every round through the written ones is another part."""
    part, place = divmod(number, len(WRITTEN))
    written = WRITTEN[place]
    if not part:
        return written
    return replace(
        written,
        key=f"{written.key}-{part + 1}",
        headline=f"Part {part + 1}: {written.headline}",
        url=f"{written.url}/{part + 1}" if written.url else "",
        source_ids=tuple(source + part * len(WRITTEN) for source in written.source_ids),
    )


def weekly(**changes: object) -> IssueContent:
    """Return a weekly of two weeks, with four stories and two threads."""
    content = IssueContent(
        kind="weekly",
        slug="weekly-2026-11-20",
        title="Engineering @ Scale — Week of 2026-11-07 to 2026-11-20",
        subject="A fortnight of deleted caches",
        period_start=date(2026, 11, 7),
        period_end=DAY,
        opening=(
            "Two weeks in which the interesting work was subtraction. A railway removed nine "
            "caches, a cloud stopped keeping its traces, and a robot maker gave its slow builds "
            "to slow machines. None of it needed a new product; all of it needed somebody who was "
            "willing to measure what nobody had asked for."
        ),
        stories=tuple(WRITTEN[place] for place in (0, 2, 4, 8)),
        threads=(
            ThreadContent(
                key="two-of-everything",
                title="Two of everything",
                body=(
                    "Quill Bank's second ledger and Harbour Rail's double run are the fourth and "
                    "fifth accounts this autumn of writing a thing twice in order to find out what "
                    "it should do. So far nobody reports the two versions wrong in the same way."
                ),
            ),
            ThreadContent(
                key="agents-get-smaller-hands",
                title="Agents get smaller hands",
                body=(
                    "In September the question was what an agent should be allowed to see. It has "
                    "become what it may *do*: eleven verbs at Northwind, four at Fern Health, and "
                    "a signature for whatever costs money."
                ),
            ),
        ),
        patterns=PATTERNS,
    )
    return replace(content, **changes)  # type: ignore[arg-type]
