"""What the elements of HTML are to a digest."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
TABLES = frozenset({"table", "tbody", "td", "tfoot", "th", "thead", "tr"})
LISTS = frozenset({"dd", "dl", "dt", "li", "ol", "ul"})
REGIONS = frozenset({"address", "article", "aside", "body", "details", "fieldset", "figcaption"})
REGIONS |= {"figure", "footer", "form", "header", "html", "main", "nav", "section", "summary"}
BLOCKS = HEADINGS | TABLES | LISTS | REGIONS | {"blockquote", "center", "div", "hr", "p", "pre"}
# Their content is nothing that a reader of the page sees.
SKIPPED = frozenset({"head", "iframe", "noscript", "object", "script", "style", "svg"})
SKIPPED |= {"template", "title"}
TELLING = frozenset({"script", "style", "iframe", "object"})
# What these hold is never a text; that others held one is told.
SILENT = frozenset({"head", "script", "style"})
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"})
VOID |= {"source", "track", "wbr"}
PLAIN = frozenset({"mark", "small", "span", "sub", "sup", "time", "u"})
MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`", "kbd": "`", "tt": "`"}
