//! What the user has selected and typed, and what each key does to that. It draws nothing and runs nothing.

use std::path::PathBuf;

use baton_status::{Item, Section};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::archive::{Archive, Query};
use super::command::{Command, Wish, noun};
use super::item_text::contains;
use super::keys::PAGE;
use super::log_pane::{LogNews, LogPane};
use super::mode::{Effect, Mode};
use super::typed_text::{MAX_ANSWER, MAX_TYPED, edit};
use crate::picture::Picture;
use crate::verb::Verb;

/// The state of the view.
pub(super) struct Ui {
    /// What is shown.
    pub(super) picture: Picture,
    /// The key of the selected item.
    pub(super) selected: Option<String>,
    /// What the items must contain.
    pub(super) filter: String,
    /// What a search found, while it is shown instead of the picture.
    pub(super) archive: Option<Archive>,
    /// What the keys act on.
    pub(super) mode: Mode,
    /// The outcome of the last command.
    pub(super) message: Option<String>,
    /// Whether a session can be resumed in a new pane.
    has_multiplexer: bool,
}

impl Ui {
    pub(super) fn new(picture: Picture, has_multiplexer: bool) -> Self {
        let mut ui = Self {
            selected: None,
            picture,
            filter: String::new(),
            archive: None,
            mode: Mode::List,
            message: None,
            has_multiplexer,
        };
        ui.select_existing(0);
        ui
    }

    /// Shows another picture. The selection stays on its item, or in its place if that is gone.
    pub(super) fn show(&mut self, picture: Picture) {
        let place = self.place();
        self.picture = picture;
        if !self.is_selection_visible() {
            self.select_existing(place);
        }
    }

    /// Shows everything about an item, if the user still looks at it.
    pub(super) fn show_details(&mut self, of: &str, read: String) {
        if let Mode::Details { key, text, .. } = &mut self.mode
            && key == of
        {
            *text = Some(read);
        }
    }

    /// Shows what is new in a log, if the user still looks at it.
    pub(super) fn show_log(&mut self, of: &str, news: LogNews) {
        if let Mode::Log(pane) = &mut self.mode
            && pane.key == of
        {
            pane.take(news);
        }
    }

    /// Returns whether the user looks at the log of this item.
    pub(super) fn follows(&self, key: &str) -> bool {
        matches!(&self.mode, Mode::Log(pane) if pane.key == key)
    }

    /// Adds a page of a search, if the user still looks at it.
    pub(super) fn show_found(&mut self, query: &Query, printed: Result<String, String>) {
        let Some(archive) = self.archive.as_mut().filter(|archive| query.is_of(archive)) else { return };
        match archive.add(printed) {
            Ok(()) if !self.is_selection_visible() => self.select_existing(0),
            Ok(()) => {}
            Err(problem) => self.message = Some(problem),
        }
    }

    /// Returns the items that the filter lets through, or what a search found.
    pub(super) fn visible(&self) -> Vec<&Item> {
        if let Some(archive) = &self.archive {
            return archive.items.iter().collect();
        }
        let words: Vec<String> = self.filter.split_whitespace().map(str::to_lowercase).collect();
        self.picture.items.iter().filter(|item| words.iter().all(|word| contains(item, word))).collect()
    }

    /// Returns the selected item.
    pub(super) fn item(&self) -> Option<&Item> {
        let selected = self.selected.as_ref()?;
        let items = self.archive.as_ref().map_or(&self.picture.items, |archive| &archive.items);
        items.iter().find(|item| item.key == *selected)
    }

    /// Selects an item, as a click does. Returns whether it was selected before.
    pub(super) fn select(&mut self, key: &str) -> bool {
        let was = self.selected.as_deref() == Some(key);
        self.selected = Some(key.to_owned());
        was
    }

    /// Scrolls back to where the screen is full, after it was drawn.
    pub(super) fn limit_scroll(&mut self, last: usize) {
        match &mut self.mode {
            Mode::Details { scroll, .. } => *scroll = (*scroll).min(last),
            Mode::Log(pane) => pane.below = pane.below.min(last),
            _ => {}
        }
    }

    /// Moves for the wheel of a mouse. While a question or the help is shown, it does nothing.
    pub(super) fn turn_wheel(&mut self, by: isize) -> Option<Effect> {
        match self.mode {
            Mode::List => {
                self.move_by(by);
                self.next_page()
            }
            Mode::Details { .. } | Mode::Log(_) => {
                self.move_by(by);
                None
            }
            Mode::Filter
            | Mode::Search(_)
            | Mode::Help
            | Mode::Confirm(_)
            | Mode::Name { .. }
            | Mode::Answer { .. } => None,
        }
    }

    /// Moves the selection, and stops at the ends.
    fn move_by(&mut self, by: isize) {
        match &mut self.mode {
            Mode::Details { scroll, .. } => *scroll = scroll.saturating_add_signed(by),
            Mode::Log(pane) => pane.scroll(by),
            _ => {
                let last = self.visible().len().saturating_sub(1);
                self.select_existing(self.place().saturating_add_signed(by).min(last));
            }
        }
    }

    /// Handles a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Some(Effect::Quit),
                KeyCode::Char('z') => Some(Effect::Suspend),
                _ => None,
            };
        }
        self.message = None;
        match &mut self.mode {
            Mode::List => self.list_key(key.code),
            Mode::Help => {
                self.mode = Mode::List;
                (key.code == KeyCode::Char('q')).then_some(Effect::Quit)
            }
            Mode::Filter => {
                self.filter_key(key.code);
                None
            }
            Mode::Search(text) => match key.code {
                KeyCode::Enter => {
                    let selected = self.archive.take().map_or(self.selected.take(), |archive| archive.selected_before);
                    let (archive, query) = Archive::search(text, selected);
                    (self.archive, self.mode) = (Some(archive), Mode::List);
                    Some(Effect::Search(query))
                }
                KeyCode::Esc => {
                    self.mode = Mode::List;
                    None
                }
                code => {
                    edit(text, code, MAX_TYPED);
                    None
                }
            },
            Mode::Confirm(command) => {
                let run = (key.code == KeyCode::Char('y')).then(|| Effect::Run(command.clone()));
                self.mode = Mode::List;
                run
            }
            Mode::Name { item, text } => match key.code {
                KeyCode::Enter => {
                    let typed = Some(text.as_str()).filter(|text| !text.is_empty());
                    let verb = if typed.is_some() { Verb::Name } else { Verb::Unname };
                    let named = Command::new(verb, item, typed);
                    self.mode = Mode::List;
                    Some(Effect::Run(named))
                }
                KeyCode::Esc => {
                    self.mode = Mode::List;
                    None
                }
                code => {
                    edit(text, code, MAX_TYPED);
                    None
                }
            },
            Mode::Answer { item, text } => match key.code {
                KeyCode::Enter if !text.trim().is_empty() => {
                    let answered = Command::new(Verb::Answer, item, Some(text));
                    self.mode = Mode::List;
                    Some(Effect::Run(answered))
                }
                KeyCode::Enter | KeyCode::Esc => {
                    self.mode = Mode::List;
                    None
                }
                code => {
                    edit(text, code, MAX_ANSWER);
                    None
                }
            },
            Mode::Details { .. } => self.details_key(key.code),
            Mode::Log(_) if key.code == KeyCode::Char('q') => Some(Effect::Quit),
            Mode::Log(pane) => {
                if pane.is_left_by(key.code) {
                    self.mode = Mode::List;
                }
                None
            }
        }
    }

    fn list_key(&mut self, code: KeyCode) -> Option<Effect> {
        match code {
            KeyCode::Char('q') => return Some(Effect::Quit),
            KeyCode::Up | KeyCode::Char('k') => self.move_by(-1),
            KeyCode::Down | KeyCode::Char('j') => self.move_by(1),
            KeyCode::PageUp => self.move_by(-PAGE),
            KeyCode::PageDown => self.move_by(PAGE),
            KeyCode::Home | KeyCode::Char('g') => self.select_existing(0),
            KeyCode::End | KeyCode::Char('G') => self.select_existing(usize::MAX),
            KeyCode::Tab => self.next_section(true),
            KeyCode::BackTab => self.next_section(false),
            KeyCode::Char('s') => self.mode = Mode::Search(String::new()),
            KeyCode::Char('/') if self.archive.is_none() => self.mode = Mode::Filter,
            KeyCode::Char('?') => self.mode = Mode::Help,
            KeyCode::Esc if self.archive.is_none() => self.filter.clear(),
            KeyCode::Esc | KeyCode::Left | KeyCode::Char('h') => self.leave_search(),
            KeyCode::Right | KeyCode::Char('l' | 'i') => return self.open_details(),
            KeyCode::Char('o') => return self.open_log(),
            KeyCode::Char('y') => return self.item().map(|item| Effect::Copy(item.id.clone())),
            KeyCode::Enter => return self.act(Wish::Go),
            KeyCode::Char('r') => return self.act(Wish::Resume),
            KeyCode::Char('a') => return self.act(Wish::Adopt),
            KeyCode::Char('p') => return self.act(Wish::Pause),
            KeyCode::Char('c') => return self.act(Wish::Continue),
            KeyCode::Char('x') => return self.act(Wish::Cancel),
            KeyCode::Char('*') => return self.act(Wish::Pin),
            KeyCode::Char('n') => return self.act(Wish::Name),
            KeyCode::Char('d') => return self.act(Wish::Dismiss),
            KeyCode::Char('w') => return self.act(Wish::Answer),
            _ => {}
        }
        self.next_page()
    }

    /// Goes back from what a search found to what was selected before.
    fn leave_search(&mut self) {
        let Some(archive) = self.archive.take() else { return };
        self.selected = archive.selected_before;
        if !self.is_selection_visible() {
            self.select_existing(0);
        }
    }

    /// Reads the next page of a search when the last item that was found is selected.
    fn next_page(&mut self) -> Option<Effect> {
        let archive = self.archive.as_mut()?;
        let is_last = archive.items.last().map(|item| &item.key) == self.selected.as_ref();
        if is_last { archive.next_page().map(Effect::Search) } else { None }
    }

    fn filter_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.mode = Mode::List,
            KeyCode::Esc => {
                self.filter.clear();
                self.mode = Mode::List;
            }
            code => edit(&mut self.filter, code, MAX_TYPED),
        }
        if !self.is_selection_visible() {
            self.select_existing(0);
        }
    }

    fn details_key(&mut self, code: KeyCode) -> Option<Effect> {
        match code {
            KeyCode::Char('q') => return Some(Effect::Quit),
            KeyCode::Esc | KeyCode::Left | KeyCode::Char('h' | 'i') => self.mode = Mode::List,
            KeyCode::Up | KeyCode::Char('k') => self.move_by(-1),
            KeyCode::Down | KeyCode::Char('j') => self.move_by(1),
            KeyCode::PageUp => self.move_by(-PAGE),
            KeyCode::PageDown => self.move_by(PAGE),
            KeyCode::Home | KeyCode::Char('g') => self.move_by(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.move_by(isize::MAX),
            KeyCode::Enter => {
                self.mode = Mode::List;
                return self.act(Wish::Go);
            }
            _ => {}
        }
        None
    }

    fn open_details(&mut self) -> Option<Effect> {
        let item = self.item()?.clone();
        self.mode = Mode::Details { key: item.key.clone(), text: None, scroll: 0 };
        Some(Effect::Read(Box::new(item)))
    }

    fn open_log(&mut self) -> Option<Effect> {
        let item = self.item()?;
        let Some(log) = &item.log else {
            self.message = Some(format!("{} has no log here", noun(item.kind)));
            return None;
        };
        let (key, path) = (item.key.clone(), PathBuf::from(log));
        self.mode = Mode::Log(LogPane::new(&key));
        Some(Effect::Follow { key, path })
    }

    /// Does something to the selected item: at once, after a question, or after a text was typed.
    pub(super) fn act(&mut self, wish: Wish) -> Option<Effect> {
        let item = self.item()?.clone();
        match wish.verb(&item, self.has_multiplexer) {
            Ok(Verb::Cancel) => self.mode = Mode::Confirm(Command::new(Verb::Cancel, &item, None)),
            Ok(Verb::Name) => self.mode = Mode::Name { item: Box::new(item), text: String::new() },
            Ok(Verb::Answer) => self.mode = Mode::Answer { item: Box::new(item), text: String::new() },
            Ok(verb) => return Some(Effect::Run(Command::new(verb, &item, None))),
            Err(refusal) => self.message = Some(refusal),
        }
        None
    }

    /// Selects the first item of the next section, or of the one before.
    fn next_section(&mut self, forward: bool) {
        let visible = self.visible();
        let firsts: Vec<(Section, usize)> = visible.iter().enumerate().fold(Vec::new(), |mut firsts, (place, item)| {
            if firsts.last().is_none_or(|(section, _)| *section != item.section) {
                firsts.push((item.section, place));
            }
            firsts
        });
        let here = self.place();
        let current = firsts.iter().rposition(|(_, first)| *first <= here).unwrap_or(0);
        let count = firsts.len().max(1);
        let next = if forward { (current + 1) % count } else { (current + count - 1) % count };
        if let Some((_, place)) = firsts.get(next) {
            self.select_existing(*place);
        }
    }

    /// Returns the place of the selected item among the visible ones, or 0.
    fn place(&self) -> usize {
        self.visible().iter().position(|item| Some(&item.key) == self.selected.as_ref()).unwrap_or(0)
    }

    fn is_selection_visible(&self) -> bool {
        self.visible().iter().any(|item| Some(&item.key) == self.selected.as_ref())
    }

    /// Selects what is at a place among the visible items, or the last one.
    fn select_existing(&mut self, place: usize) {
        let visible = self.visible();
        let item = visible.get(place).or_else(|| visible.last());
        self.selected = item.map(|item| item.key.clone());
    }
}
