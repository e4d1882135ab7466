from django.db import migrations

SQLITE = (
    """
    CREATE VIRTUAL TABLE newsletter_websearch USING fts5(
        title_words, words, content='newsletter_webpassage', content_rowid='id',
        tokenize='unicode61'
    )
    """,
    """
    CREATE TRIGGER newsletter_websearch_added AFTER INSERT ON newsletter_webpassage BEGIN
        INSERT INTO newsletter_websearch(rowid, title_words, words)
        VALUES (new.id, new.title_words, new.words);
    END
    """,
    """
    CREATE TRIGGER newsletter_websearch_removed AFTER DELETE ON newsletter_webpassage BEGIN
        INSERT INTO newsletter_websearch(newsletter_websearch, rowid, title_words, words)
        VALUES ('delete', old.id, old.title_words, old.words);
    END
    """,
    """
    CREATE TRIGGER newsletter_websearch_changed AFTER UPDATE ON newsletter_webpassage BEGIN
        INSERT INTO newsletter_websearch(newsletter_websearch, rowid, title_words, words)
        VALUES ('delete', old.id, old.title_words, old.words);
        INSERT INTO newsletter_websearch(rowid, title_words, words)
        VALUES (new.id, new.title_words, new.words);
    END
    """,
    # What stands there already, after this migration was undone and done again.
    "INSERT INTO newsletter_websearch(newsletter_websearch) VALUES ('rebuild')",
)
SQLITE_UNDO = (
    "DROP TRIGGER newsletter_websearch_changed",
    "DROP TRIGGER newsletter_websearch_removed",
    "DROP TRIGGER newsletter_websearch_added",
    "DROP TABLE newsletter_websearch",
)
# A column of its own: an index over an expression finds as fast, but ranking would compute
# the expression anew for every passage found (20 times slower for a word that many have).
POSTGRES = (
    """
    ALTER TABLE newsletter_webpassage ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title_words), 'A')
        || setweight(to_tsvector('simple', words), 'B')
    ) STORED
    """,
    "CREATE INDEX newsletter_websearch ON newsletter_webpassage USING gin (search)",
)
POSTGRES_UNDO = (
    "DROP INDEX newsletter_websearch",
    "ALTER TABLE newsletter_webpassage DROP COLUMN search",
)


def run(schema_editor, sqlite, postgres):
    statements = sqlite if schema_editor.connection.vendor == "sqlite" else postgres
    for statement in statements:
        schema_editor.execute(statement)


def make(apps, schema_editor):
    run(schema_editor, SQLITE, POSTGRES)


def undo(apps, schema_editor):
    run(schema_editor, SQLITE_UNDO, POSTGRES_UNDO)


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0003_welcomes_and_web_copies'),
    ]

    operations = [
        migrations.RunPython(make, undo),
    ]
