//! Draws the view. Colour repeats what a word already says, so nothing is lost without it.

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Cause, Item, MachineView, Section};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::archive::Archive;
use super::item_text::{age, clean, cut, label, model, pad, place, project, silence, subject, wrapped};
use super::keys::KEYS;
use super::log_pane::LogPane;
use super::log_screen::draw_log;
use super::mode::Mode;
use super::ui::Ui;

/// The width from which the project and the name of an item stand on its first line.
const WIDE: usize = 60;

/// The width from which the model and the context stand there too.
const WIDEST: usize = 100;

/// How many lines say what is wrong, at most.
const PROBLEM_LINES: usize = 3;

/// How many lines the outcome of a command has, at most. Its way out is often at its end.
const FOOT_LINES: usize = 5;

/// What an empty view says.
const EMPTY: &str = "Nothing is open. Sessions appear here once an agent with baton's hooks starts: `baton install` adds the \
                     hooks, and `baton doctor` checks them.";

/// What the next drawing needs to know of the last one.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// The first line of the list that was shown.
    pub(super) scroll: usize,
    /// The key of the item on each row of the screen, for clicks.
    pub(super) rows: Vec<Option<String>>,
    /// How far the details or a log can be scrolled: to the first row from which the end of the details is seen, or to the
    /// first screen of the log, counted from its end.
    pub(super) last_scroll: usize,
}

/// Draws everything. `colored` is false where the user wants no colour.
pub(super) fn draw(frame: &mut Frame<'_>, ui: &Ui, now: &Timestamp, colored: bool, drawn: &mut Drawn) {
    let (width, height) = (usize::from(frame.area().width), usize::from(frame.area().height));
    // However small the terminal is, something of the list is seen.
    let problem = problem_rows(ui, width, PROBLEM_LINES.min(height.saturating_sub(2)));
    let problem_height = u16::try_from(problem.len()).unwrap_or(0);
    let foot_rows = foot_rows(ui, width, FOOT_LINES.min((height / 2).max(1)));
    let [head, wrong, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(problem_height),
        Constraint::Min(0),
        Constraint::Length(u16::try_from(foot_rows.len()).unwrap_or(1)),
    ])
    .areas(frame.area());
    let paint = Paint { colored };
    frame.render_widget(headline(ui, width), head);
    frame.render_widget(Paragraph::new(problem).style(paint.color(Color::Red)), wrong);
    drawn.rows = vec![None; usize::from(frame.area().height)];
    match &ui.mode {
        Mode::Details { text, scroll, .. } => drawn.last_scroll = draw_details(frame, body, text.as_deref(), *scroll),
        Mode::Log(pane) => drawn.last_scroll = draw_log(frame, body, pane, ui, now),
        Mode::Help => draw_help(frame, body, &paint),
        _ => draw_list(frame, body, ui, now, &paint, drawn),
    }
    frame.render_widget(Paragraph::new(foot_rows.into_iter().map(Line::from).collect::<Vec<_>>()), foot);
}

struct Paint {
    colored: bool,
}

impl Paint {
    /// Only the sixteen colours that every terminal has, and none that vanishes on a light or a dark background.
    fn color(&self, color: Color) -> Style {
        if self.colored { Style::new().fg(color) } else { Style::new() }
    }

    fn status(&self, item: &Item) -> Style {
        let color = match item.section {
            Section::Waiting if matches!(item.cause, Some(Cause::Error | Cause::Interrupted)) => Color::Red,
            Section::Waiting => Color::Magenta,
            Section::Working | Section::Opened | Section::Runs | Section::Loops => Color::Green,
            Section::Lost | Section::RestoreFailed | Section::Unreadable => Color::Red,
            Section::Elsewhere | Section::Unknown | Section::Unrestored | Section::Found => Color::Cyan,
        };
        let style = self.color(color);
        if item.section == Section::Waiting { style.add_modifier(Modifier::BOLD) } else { style }
    }
}

/// Returns the counts, and an ellipsis where not all of them fit.
fn headline(ui: &Ui, width: usize) -> Line<'static> {
    let counts: String = ui.picture.counts.iter().map(|count| format!("  {} {}", count.count, count.word)).collect();
    let text = cut(&format!("baton{counts}"), width);
    let (name, counts) = text.split_at_checked("baton".len()).unwrap_or((&text, ""));
    let bold = Style::new().add_modifier(Modifier::BOLD);
    Line::from(vec![Span::styled(name.to_owned(), bold), Span::raw(counts.to_owned())])
}

/// Returns what is wrong, in at most `most` rows.
fn problem_rows(ui: &Ui, width: usize, most: usize) -> Vec<Line<'static>> {
    let Some(problem) = ui.picture.problem.as_ref().filter(|_| most > 0) else { return Vec::new() };
    wrapped(&clean(&format!("! {problem}")), width, most).into_iter().map(Line::from).collect()
}

/// Returns what is asked where an answer is typed, and the last line, in at most `most` rows.
fn foot_rows(ui: &Ui, width: usize, most: usize) -> Vec<String> {
    let question = if let Mode::Answer { item, .. } = &ui.mode { item.question.as_deref() } else { None };
    let mut rows = question.map_or_else(Vec::new, |text| wrapped(&clean(text), width, most.saturating_sub(1)));
    rows.extend(wrapped(&footline(ui, width), width, most.saturating_sub(rows.len())));
    rows
}

/// Returns the keys of the moment, what is typed, or the outcome of the last command.
fn footline(ui: &Ui, width: usize) -> String {
    match &ui.mode {
        Mode::Filter => format!("/{}_", clean(&ui.filter)),
        Mode::Search(text) => format!("search: {}_  (Enter finds, nothing finds all, Esc)", clean(text)),
        Mode::Name { text, .. } => format!("name: {}_  (Enter sets it, empty removes it, Esc)", clean(text)),
        Mode::Answer { item, text } => answer_line(item, text, width),
        Mode::Confirm(command) => format!("baton {} for good? y/n", clean(&command.args.join(" "))),
        Mode::Details { .. } => "Esc back  arrows g G scroll  Enter go".to_owned(),
        Mode::Log(LogPane { problem: Some(problem), .. }) => clean(problem),
        Mode::Log(LogPane { below: 0, .. }) => "Esc back  arrows scroll  g start".to_owned(),
        Mode::Log(LogPane { below, .. }) => format!("Esc back  G end  {below} lines below"),
        Mode::Help => "any key closes".to_owned(),
        Mode::List => match &ui.message {
            Some(message) => clean(message),
            None if ui.archive.is_some() => "Enter go  r resume  s another search  Esc back".to_owned(),
            None if !ui.filter.is_empty() => format!("/{}  (Esc shows everything)", clean(&ui.filter)),
            None => "Enter go  / filter  ? keys  q quit".to_owned(),
        },
    }
}

/// Returns the line in which an answer is typed: to whom, and the end of the text.
fn answer_line(item: &Item, text: &str, width: usize) -> String {
    let to = [&item.agent, &item.pane].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let to = cut(&clean(&to), width / 2);
    let (text, room) = (clean(text), width.saturating_sub(to.width() + 4));
    let mut shown = text.as_str();
    while shown.width() > room {
        let mut rest = shown.chars();
        rest.next();
        shown = rest.as_str();
    }
    format!("{to} < {shown}_")
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, ui: &Ui, now: &Timestamp, paint: &Paint, drawn: &mut Drawn) {
    let width = usize::from(area.width);
    let visible = ui.visible();
    if visible.is_empty() {
        let nothing = |of: &str| format!("nothing contains {}", clean(of));
        let text = match &ui.archive {
            Some(archive) if archive.is_reading => "reading ...".to_owned(),
            Some(archive) if archive.text.is_empty() => "There are no sessions.".to_owned(),
            Some(archive) => nothing(&archive.text),
            None if ui.filter.is_empty() => EMPTY.to_owned(),
            None => nothing(&ui.filter),
        };
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
        return;
    }
    let machines = &ui.picture.machines;
    let columns = Columns::new(&visible, machines, width, now);
    let mut lines: Vec<(Line<'_>, Option<&str>)> = Vec::new();
    let mut chosen = 0..0;
    let mut section = None;
    for item in visible {
        if section != Some(item.section) {
            section = Some(item.section);
            let title = ui.archive.as_ref().map_or_else(|| title(item.section).to_owned(), found);
            let title = Span::styled(title, Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED));
            lines.push((Line::from(title), None));
        }
        let is_selected = ui.selected.as_ref() == Some(&item.key);
        let first = lines.len();
        for line in columns.lines(item, is_selected, now, paint) {
            lines.push((line, Some(&item.key)));
        }
        if is_selected {
            chosen = first..lines.len();
        }
    }
    let height = usize::from(area.height);
    // The heading above the first item is seen with it.
    let top = if chosen.start == 1 { 0 } else { chosen.start };
    drawn.scroll = drawn.scroll.min(top).max(chosen.end.saturating_sub(height)).min(lines.len().saturating_sub(height));
    let shown = lines.into_iter().skip(drawn.scroll).take(height);
    for (row, (line, key)) in (area.y..).zip(shown) {
        if let Some(place) = drawn.rows.get_mut(usize::from(row)) {
            *place = key.map(str::to_owned);
        }
        frame.render_widget(line, Rect { y: row, height: 1, ..area });
    }
}

/// Draws a text from a row on, and returns the first row from which its end is seen.
fn draw_details(frame: &mut Frame<'_>, area: Rect, text: Option<&str>, scroll: usize) -> usize {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let lines = text.unwrap_or("reading ...").lines();
    let rows: Vec<String> = lines.flat_map(|line| wrapped(&clean(line), width, usize::MAX)).collect();
    let last_scroll = rows.len().saturating_sub(height);
    let shown = rows.into_iter().skip(scroll.min(last_scroll)).take(height).map(Line::from);
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), area);
    last_scroll
}

fn draw_help(frame: &mut Frame<'_>, area: Rect, paint: &Paint) {
    let lines = KEYS.iter().map(|(keys, what)| {
        Line::from(vec![Span::styled(format!("{keys:<13}"), paint.color(Color::Magenta)), Span::raw(*what)])
    });
    let lines: Vec<Line<'_>> = lines.collect();
    let border = 2;
    let width = lines.iter().map(Line::width).max().unwrap_or(0) + border;
    let size = |wanted: usize, room: u16| u16::try_from(wanted).unwrap_or(room).min(room);
    let (width, height) = (size(width, area.width), size(lines.len() + border, area.height));
    let area = Rect { x: area.x + (area.width - width) / 2, y: area.y, width, height };
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" keys ")), area);
}

/// Returns the heading of what a search found.
fn found(archive: &Archive) -> String {
    let more = if archive.has_more() || archive.is_reading { " and more" } else { "" };
    let what = if archive.text.is_empty() { "sessions of all time".to_owned() } else { clean(&archive.text) };
    format!("{what}: {}{more}, last opened first", archive.items.len())
}

const fn title(section: Section) -> &'static str {
    match section {
        Section::Waiting => "waits for you",
        Section::Working => "at work",
        Section::Opened => "opened, no prompt yet",
        Section::Runs => "runs",
        Section::Elsewhere => "on other machines",
        Section::Loops => "loops of other programs",
        Section::Unknown => "unknown",
        Section::Lost => "lost",
        Section::Unrestored => "protected files to restore",
        Section::RestoreFailed => "protected files that could not be restored",
        Section::Unreadable => "unreadable records",
        Section::Found => "found",
    }
}

/// The widths of the columns, which depend on what is shown and on the width of the terminal.
struct Columns<'a> {
    machines: &'a [MachineView],
    width: usize,
    status: usize,
    since: usize,
    agent: usize,
    pane: usize,
    project: usize,
}

impl<'a> Columns<'a> {
    fn new(items: &[&Item], machines: &'a [MachineView], width: usize, now: &Timestamp) -> Self {
        let widest = |text: &dyn Fn(&Item) -> String, most: usize| {
            items.iter().map(|item| text(item).width()).max().unwrap_or(0).min(most)
        };
        Self {
            machines,
            width,
            status: widest(&|item| item.status.clone(), 15),
            since: widest(&|item| age(item, now), 8),
            agent: widest(&|item| item.agent.clone().unwrap_or_default(), 8),
            pane: widest(&|item| place(item, machines, now), 36),
            project: widest(&project, (width / 4).max(8)),
        }
    }

    /// Returns the lines of an item. What it asks for has its own line at every width.
    fn lines(&self, item: &Item, is_selected: bool, now: &Timestamp, paint: &Paint) -> Vec<Line<'static>> {
        let marker = if is_selected { "> " } else { "  " };
        let mut first = vec![
            Span::raw(marker),
            Span::styled(pad(&item.status, self.status), paint.status(item)),
            Span::raw(format!(
                "  {}  {}",
                pad(&age(item, now), self.since),
                pad(item.agent.as_deref().unwrap_or(""), self.agent)
            )),
        ];
        // Where an agent waits is never cut off.
        let before_pane: usize = first.iter().map(Span::width).sum();
        let has_pane_below = before_pane + 2 + self.pane > self.width;
        if !has_pane_below {
            first.push(Span::raw(format!("  {}", pad(&place(item, self.machines, now), self.pane))));
        }
        let style = if is_selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        let fit = |spans: Vec<Span<'static>>| fill(spans, self.width).style(style);
        let indented = |text: String| fit(vec![Span::raw(format!("    {text}"))]);
        let room = self.width.saturating_sub(4);
        let subject = silence(item, now).into_iter().chain([subject(item)]).collect::<Vec<_>>().join("  ");
        let model = model(item);
        if self.width < WIDE {
            let pane = if has_pane_below { place(item, self.machines, now) + "  " } else { String::new() };
            let mut lines = vec![fit(first), indented(cut(&(pane + &describe(item)), room))];
            lines.extend((!subject.is_empty()).then(|| indented(cut(&subject, room))));
            return lines;
        }
        first.push(Span::raw(format!("  {}  ", pad(&project(item), self.project))));
        let used: usize = first.iter().map(Span::width).sum();
        let is_beside = self.width >= WIDEST && !model.is_empty();
        let label_room = self.width.saturating_sub(used + if is_beside { model.width() + 2 } else { 0 });
        first.push(Span::raw(pad(&label(item), label_room)));
        if is_beside {
            first.push(Span::raw(format!("  {model}")));
        }
        let second = match (subject.is_empty(), is_beside || model.is_empty()) {
            (true, true) => return vec![fit(first)],
            (true, false) => cut(&model, room),
            (false, false) if subject.width() + 2 + model.width() <= room => {
                format!("{}  {model}", pad(&subject, room - model.width() - 2))
            }
            // The model gives way to what is asked.
            (false, _) => cut(&subject, room),
        };
        vec![fit(first), indented(second)]
    }
}

/// Returns a line that fills the width, so that the whole row of a selected item is marked.
fn fill(mut spans: Vec<Span<'static>>, width: usize) -> Line<'static> {
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used))));
    Line::from(spans)
}

/// Returns where an item is and what it is called.
fn describe(item: &Item) -> String {
    let (project, label) = (project(item), label(item));
    if project.is_empty() || label.is_empty() { project + &label } else { format!("{project}  {label}") }
}
