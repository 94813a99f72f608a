"""Draws a screen of tmux as SVG, with its colours."""
import html
import re
import unicodedata

LINE, CHARACTER, MARGIN = 17, 8.0, 16  # pixels
GROUND, TEXT = "#16191d", "#d5d8dc"
# The sixteen colours of a terminal.
COLOURS = ("#16191d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d5d8dc",
           "#7d8590", "#ff8f98", "#b5e08f", "#f5d58f", "#8fc8ff", "#dd9bef", "#7fd5e0", "#ffffff")
STYLE = "text{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}"
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m|\x1b[()][A-Z0-9]|[\x0e\x0f]")


class Look:
    """How characters are drawn: what the sequences so far have set."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.front = self.back = None
        self.bold = self.dim = self.underline = self.reverse = False

    def apply(self, codes):
        codes = [int(code or 0) for code in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (24, 27):
                setattr(self, {24: "underline", 27: "reverse"}[code], False)
            elif code in (38, 48) and codes[:1] == [5]:
                self.set(code == 38, COLOURS[codes[1]] if codes[1] < 16 else TEXT)
                del codes[:2]
            elif code in (39, 49):
                self.set(code == 39, None)
            elif 30 <= code % 60 <= 37 or 40 <= code % 60 <= 47:
                bright = 8 if code >= 90 else 0
                self.set(code % 10 <= 7 and code % 60 < 40, COLOURS[code % 10 + bright])

    def set(self, is_front, colour):
        if is_front:
            self.front = colour
        else:
            self.back = colour

    def drawn(self):
        """The colours of the text and of what is behind it (None: the ground), and the text's attributes."""
        front, back = self.front or TEXT, self.back
        if self.reverse:
            front, back = back or GROUND, front
        attributes = f' fill="{front}"' if front != TEXT else ""
        if self.bold:
            attributes += ' font-weight="bold"'
        if self.dim:
            attributes += ' opacity="0.7"'
        if self.underline:
            attributes += ' text-decoration="underline"'
        return back, attributes


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1 for char in text)


def row(line, look, top):
    """The elements of one line. Texts keep their columns, whatever the font's width is."""
    parts, column, start = [], 0, 0
    for found in [*SEQUENCE.finditer(line), None]:
        text = line[start:found.start() if found else len(line)]
        if text:
            back, attributes = look.drawn()
            x, length = MARGIN + column * CHARACTER, width(text) * CHARACTER
            if back:
                parts.append(f'<rect x="{x:g}" y="{top - 13}" width="{length:g}" height="{LINE}" fill="{back}"/>')
            if text.strip():
                parts.append(f'<text x="{x:g}" y="{top}" textLength="{length:g}"{attributes} xml:space="preserve">{html.escape(text)}</text>')
            column += width(text)
        if found:
            start = found.end()
            if found.group(1) is not None:
                look.apply(found.group(1))
    return parts


def svg(screen, title, columns, rows):
    """The picture of what `tmux capture-pane -e -p` prints."""
    wide, high = int(columns * CHARACTER + 2 * MARGIN), rows * LINE + 2 * MARGIN
    look, parts = Look(), []
    for number, line in enumerate(screen.splitlines()[:rows]):
        parts += row(line, look, MARGIN + 13 + number * LINE)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img">'
    ground = f'<rect width="{wide}" height="{high}" rx="6" fill="{GROUND}"/>'
    return "\n".join([head, f"<title>{html.escape(title)}</title>", f"<style>{STYLE}</style>", ground, f'<g fill="{TEXT}">', *parts, "</g>", "</svg>", ""])
