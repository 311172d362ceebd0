"""The mutants of the durability kernel, drawn from its sources: each sync dropped, each two adjacent writes the other way
round, each length one more and one less. Knows as much C++ as our own style needs: comments and strings are blanked out,
brackets are matched, a body is split into statements.
"""
import re
from dataclasses import dataclass, field
from pathlib import Path

# What stands between a commit and its recovery. Encodings, zone maps and the rest of a segment's inside have their own
# tests, by damage; here they appear with their syncs.
KERNEL = ["log", "log_files", "log_reader", "log_record", "log_replay", "manifest", "manifest_record", "file_header",
          "store_core", "flush_job", "maintenance_flush", "maintenance_compaction", "compaction_job", "segment_output",
          "obsolete_files", "blob_file", "blob_files", "blob_offload", "blob_mover", "recovery", "store_backup"]
SYNCS_ONLY = ["segment_writer", "store", "maintenance"]

SYNC = re.compile(r"\b(?:sync|sync_directory|make_durable)\(")
# Calls that reach the disk by themselves; functions of the kernel that make one are found by their bodies.
EFFECTS = {"write", "sync", "sync_directory", "rename", "unlink", "allocate", "truncate", "create_directory"}
# They reach it later, or show what it holds: their order among the others is the law of a flush and a merge.
ORDERED = {"retire", "publish_round", "publish", "show", "install", "recycle", "close_file", "begin_file", "forget_cached"}
# Too common to say anything: of vectors, strings, optionals.
COMMON = {"append", "begin", "end", "put", "open", "create", "size", "read", "add", "find", "take", "path", "step", "run",
          "finish", "move", "plan", "hold", "at", "copy", "apply"}
# ... unless it is one of these that they are called of.
KERNEL_OBJECTS = {"manifest", "manifest_", "log", "log_", "file", "file_", "job", "writer", "writer_", "output_", "sync"}
LENGTH_NAME = r"(?:\w*bytes\w*|end_?|\w+_end|at|offset|aligned|until|wanted|most|size|count|taken|checkable)"
LENGTH_CALLS = {"allocate": 0, "truncate": 0, "first": 0, "subspan": 0, "view": 1, "resize": 0, "write": 0, "read": 0}


@dataclass
class Mutant:
    file: str
    line: int
    kind: str  # sync | order | length
    what: str
    function: str
    place: tuple = ()  # sync, length: what is wrapped, for a program that holds all of them.
    variants: list = field(default_factory=list)  # order: whole texts of the file; the first that builds is the mutant.
    number: int = 0    # sync, length: by which the program is told which of its mutants to be.
    off: int = 0       # length: by so much.

    @property
    def key(self):  # Of the list of those that may live: survives a change of line numbers.
        return f"{self.file} {self.function}: {self.what}"


def blank(text):
    """The same text with comments, strings and characters blanked out, place for place."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|^#[^\n]*', re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing(code, at):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("unbalanced")


def functions(code):
    """(name, begin of the body, its end) of every function defined at the outermost level, lambdas not apart."""
    head = re.compile(r"^(?:  )?[A-Za-z][^;={}()]*?([~\w]+)\(", re.M)
    at = 0
    while (found := head.search(code, at)) is not None:
        close = closing(code, found.end() - 1)
        opens = re.compile(r"[^;{}]*\{").match(code, close + 1)
        name = found.group(1)
        if opens is None or name in ("if", "for", "while", "switch"):
            at = close
            continue
        end = closing(code, opens.end() - 1)
        yield name, opens.end(), end
        at = end


def statements(code, begin, end):
    """(begin, end) of each statement of a block, whole compound statements included."""
    at = begin
    while at < end:
        while at < end and code[at].isspace():
            at += 1
        if at >= end:
            return
        stop = statement_end(code, at, end)
        yield at, stop
        at = stop


def statement_end(code, at, end):
    if code[at] == "{":
        return closing(code, at) + 1
    keyword = re.compile(r"(if|for|while|switch|else)\b").match(code, at)
    if keyword:
        body = keyword.end()
        if keyword.group() == "else":
            return statement_end(code, skip_space(code, body), end)
        body = closing(code, code.index("(", body)) + 1
        stop = statement_end(code, skip_space(code, body), end)
        after = skip_space(code, stop)
        if keyword.group() == "if" and re.compile(r"else\b").match(code, after):
            return statement_end(code, after, end)
        return stop
    i = at
    while i < end and code[i] != ";":
        i = closing(code, i) + 1 if code[i] in "([{" else i + 1
    return i + 1


def skip_space(code, at):
    while code[at].isspace():
        at += 1
    return at


def blocks(code, begin, end):
    """Every block inside a body, itself included."""
    yield begin, end
    for i in range(begin, end):
        if code[i] == "{" and re.search(r"(\)|else|const|noexcept|^|[;{}])\s*$", code[max(0, i - 40):i]):
            yield i + 1, closing(code, i)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def squeeze(text):
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= 90 else text[:87] + "..."


def called(code):
    """Names of what is called; a common one only where it is of this class or of the kernel."""
    names = set()
    for of, name in re.findall(r"(?:\b(\w+)(?:\(\))?(?:\.|->|::))?\b(\w+)\(", code):
        if name not in COMMON or of in KERNEL_OBJECTS or of == "" and name in ("append",):
            names.add(name)
    return names


def effectful(sources):
    """Names of the kernel's functions that reach the disk, by themselves or by what they call."""
    bodies = [(name, called(code[begin:end])) for code in sources for name, begin, end in functions(code)]
    names = set(EFFECTS) | ORDERED
    grown = True
    while grown:
        found = {name for name, calls in bodies if calls & names and name[0] != "~"}
        grown = not found <= names
        names |= found
    return names


def outermost(code, at):
    """The begin of the expression whose last call is at `at`: `file_->sync` from the call of `sync`."""
    begin = at
    while begin > 0:
        if code[begin - 1] == ")" and code[begin] in ".-":
            begin = code.rindex("(", 0, begin)  # Only ever `()`.
        elif re.match(r"[\w.:]|->", code[begin - 1] + code[begin]) or code[begin - 2:begin] == "->":
            begin -= 1
        else:
            break
    return begin


def sync_mutants(file, text, code):
    for name, begin, end in functions(code):
        for found in SYNC.finditer(code, begin, end):
            first, last = outermost(code, found.start()), closing(code, found.end() - 1) + 1
            if re.search(r"(?:Result<\w+>|LogSync)\s+$", code[max(0, first - 20):first]):
                continue  # Declared, not called.
            yield Mutant(file, line_of(text, first), "sync", f"`{squeeze(text[first:last])}` dropped", name, (first, last))


def swapped(text, code, a, b):
    """The file with statement `a` moved behind `b`; the file with `b` moved before `a`; only those that make sense."""
    first, between, second = text[a[0]:a[1]], text[a[1]:b[0]], text[b[0]:b[1]]
    returned = re.fullmatch(r"return (.*);", second, re.S)
    if returned:
        tried = re.fullmatch(r"TRY\((.*)\);", first, re.S)
        last = f"return {tried.group(1)};" if tried else f"{first} return {{}};"
        return [text[:a[0]] + between + f"TRY({returned.group(1)}); {last}" + text[b[1]:]]
    if code[a[0]:a[1]].startswith("return"):
        return []
    return [text[:a[0]] + between + second + " " + first + text[b[1]:],
            text[:a[0]] + second + " " + first + between + text[b[1]:]]


def order_mutants(file, text, code, names):
    for name, begin, end in functions(code):
        for block in blocks(code, begin, end):
            found = [s for s in statements(code, *block) if called(code[s[0]:s[1]]) & names]
            for a, b in zip(found, found[1:]):
                variants = swapped(text, code, a, b)
                if not variants:
                    continue
                what = f"`{head_of(text, a)}` after `{head_of(text, b)}`"
                yield Mutant(file, line_of(text, a[0]), "order", what, name, variants=variants)


def head_of(text, statement):
    return squeeze(text[statement[0]:statement[1]])[:60]


def arguments(code, opening):
    """(begin, end) of each argument of the call whose bracket is at `opening`."""
    end = closing(code, opening)
    begin = i = opening + 1
    while i <= end:
        if code[i] in "([{":
            i = closing(code, i)
        elif code[i] == "," or i == end:
            yield begin, i
            begin = i + 1
        i += 1


def lengths(code, begin, end):
    """Places of expressions that are lengths or offsets: what is handed to calls that take one, what is assigned."""
    for found in re.finditer(r"(?:->|\.)(\w+)\(", code[begin:end]):
        if found.group(1) not in LENGTH_CALLS:
            continue
        given = list(arguments(code, begin + found.end() - 1))
        wanted = LENGTH_CALLS[found.group(1)]
        if found.group(1) in ("write", "read") and len(given) != 2:
            continue
        if wanted < len(given) and code[given[wanted][0]:given[wanted][1]].strip():
            yield given[wanted]
    assigned = re.compile(r"(?<![\w.])(?:\w+(?:\.|->))?" + LENGTH_NAME + r"\s*([+\-]?=)(?!=)\s*([^;=]+);")
    for found in assigned.finditer(code, begin, end):
        if re.search(r"TRY\(|std::move|subspan\(|[{\[?]", found.group(2)) or "auto " in code[found.start() - 6:found.start()]:
            continue  # Not a number, or found by what is handed to a call.
        yield found.span(2)


def length_mutants(file, text, code):
    for name, begin, end in functions(code):
        for first, last in sorted({*trimmed(code, lengths(code, begin, end)), *trimmed(code, bounds(code, begin, end))}):
            within = context(text, code, first)
            if "constexpr" in within:
                continue
            for off in (1, -1):
                if code[first:last] == "0" and off < 0:
                    continue
                what = f"`{squeeze(text[first:last])}` {'+' if off > 0 else '-'} 1 in `{within}`"
                yield Mutant(file, line_of(text, first), "length", what, name, (first, last), off=off)


def trimmed(code, places):
    for first, last in places:
        piece = code[first:last]
        yield first + len(piece) - len(piece.lstrip()), last - len(piece) + len(piece.rstrip())


def bounds(code, begin, end):
    """What lengths are compared with: one more or less is the comparison's other kind."""
    for condition in re.finditer(r"\b(?:if|while|for)\s*\(|\breturn ", code[begin:end]):
        first = begin + condition.end()
        last = closing(code, first - 1) if condition.group().endswith("(") else code.index(";", first)
        for found in re.finditer(r" (?:<=|>=|<|>) ", code[first:last]):
            at = first + found.end()
            right = at
            while right < last and not re.match(r"&&|\|\||[;?,)]|[!=]=", code[right:right + 2]):
                right = closing(code, right) + 1 if code[right] in "([{" else right + 1
            left = re.split(r"[(;,]|&&|\|\|", code[first:at - 1])[-1]
            if re.search(r"bytes|size|end_?\b|offset|Bytes|allocated", left + code[at:right]):
                yield at, right


def context(text, code, at):
    begin = max(code.rfind(c, 0, at) for c in ";{}") + 1
    end = min(i for i in (code.find(c, at) for c in ";{") if i >= 0)
    return squeeze(re.sub(r"//[^\n]*", "", text[begin:end]))


def all_mutants(storage: Path):
    texts = {stem: (storage / f"{stem}.cc").read_text() for stem in KERNEL + SYNCS_ONLY}
    codes = {stem: blank(text) for stem, text in texts.items()}
    names = effectful([codes[stem] for stem in KERNEL])
    found = []
    for stem, text in texts.items():
        file, code = f"{stem}.cc", codes[stem]
        found += sync_mutants(file, text, code)
        if stem not in SYNCS_ONLY:
            found += order_mutants(file, text, code, names)
            found += length_mutants(file, text, code)
    return numbered(found)


def program_of_all(text, mutants):
    """The file with every place of `mutants` asking, when it is reached, whether it is the one that is wrong."""
    inserted = []
    for first, last, kind, number in {(*m.place, m.kind, m.number) for m in mutants if m.place}:
        before = f"(mneme::mutants::dropped({number}) ? ::mneme::Result<void>() : " if kind == "sync" else \
                 f"mneme::mutants::off({number}, "
        inserted.append((first, 1, -last, before))   # What begins at the same place: the longest outside.
        inserted.append((last, 0, -first, ")"))      # What ends at the same place: the shortest inside.
    for at, _, _, added in sorted(inserted, reverse=True):
        text = text[:at] + added + text[at:]
    return text


def numbered(found):
    """The same change twice in one function is told apart by its number."""
    seen, places = {}, {}
    for mutant in found:
        if mutant.place:
            mutant.number = places.setdefault((mutant.file, mutant.place), len(places) + 1)
        count = seen[mutant.key] = seen.get(mutant.key, 0) + 1
        if count > 1:
            mutant.what += f" ({count})"
    return found
