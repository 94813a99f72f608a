//! The terminal: taken for the view, and given back as it was, whatever ends the view.

use std::io::{self, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

/// A terminal that shows the view until this is dropped.
pub(super) struct TakenTerminal {
    /// It is never dropped: it would show the cursor once more, and print to a terminal that is gone why it could not.
    screen: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    area: Rect,
}

/// Whether the terminal has to be given back.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The largest screen. A terminal may say that it is of any size, and each cell takes memory.
const MAX_COLUMNS: u16 = 1000;
const MAX_ROWS: u16 = 500;

impl TakenTerminal {
    /// Takes the terminal. A panic gives it back before it prints anything.
    pub(super) fn take() -> io::Result<Self> {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            hook(panic);
        }));
        enter()?;
        area().and_then(|area| Ok(Self { screen: screen(area)?, area })).inspect_err(|_| leave())
    }

    /// Draws one frame.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if area()? != self.area {
            self.begin_anew()?;
        }
        self.screen.draw(draw).map(|_| ())
    }

    /// Gives the terminal back while the program is stopped, and takes it again when it is continued.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP)?;
        enter()?;
        self.begin_anew()
    }

    /// Clears the screen. What is drawn next is drawn as a whole.
    fn begin_anew(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        // It knows nothing of what is on the screen, so it draws everything. To clear it would ask where the cursor is, and
        // the thread that reads the keys would get the answer.
        self.area = area()?;
        self.screen = screen(self.area)?;
        Ok(())
    }

    /// Writes a control sequence beside the drawing, such as a notification. The text in it must be clean.
    pub(super) fn write(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Puts a text on the clipboard of the user's terminal.
    pub(super) fn copy(&self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for TakenTerminal {
    fn drop(&mut self) {
        leave();
    }
}

/// Returns the part of the terminal that is drawn on.
fn area() -> io::Result<Rect> {
    let (columns, rows) = size()?;
    Ok(Rect::new(0, 0, columns.min(MAX_COLUMNS), rows.min(MAX_ROWS)))
}

fn screen(area: Rect) -> io::Result<ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    Terminal::with_options(CrosstermBackend::new(io::stdout()), options).map(ManuallyDrop::new)
}

fn enter() -> io::Result<()> {
    IS_TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, cursor::Hide).inspect_err(|_| leave())
}

/// Gives the terminal back, once: to leave the alternate screen again would move the cursor over what was printed since.
fn leave() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nothing more can be done for a terminal that takes no more bytes.
    let _ = execute!(io::stdout(), DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{fs, thread, time::Duration};

    use agent_baton_tests::Scratch;
    use agent_baton_tests::terminal;
    use ratatui::widgets::Paragraph;

    use super::TakenTerminal;

    /// A variable that is set where this test runs in the terminal: the file that it waits for before it panics.
    const MOMENT: &str = "MOMENT_TO_PANIC";

    fn panic_at(moment: &Path) {
        let mut terminal = TakenTerminal::take().unwrap();
        terminal.draw(|frame| frame.render_widget(Paragraph::new("is taken"), frame.area())).unwrap();
        while !moment.exists() {
            thread::sleep(Duration::from_millis(10));
        }
        panic!("as the test wants");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_printed() {
        if let Some(moment) = std::env::var_os(MOMENT) {
            return panic_at(moment.as_ref());
        }
        let scratch = Scratch::new();
        let Some(terminal) = terminal::Terminal::open(&scratch, 100, 40) else { return };
        let (moment, tests) = (scratch.root().join("moment"), std::env::current_exe().unwrap());
        let name = "top::terminal::tests::a_panic_gives_the_terminal_back_before_it_is_printed";
        let command = format!("{MOMENT}={} {} --exact {name} --nocapture", moment.display(), tests.display());
        terminal.keys(&[&command, "Enter"]);
        terminal.wait("the drawing", |screen| screen.starts_with("is taken"));
        fs::write(&moment, "").unwrap();
        terminal.wait_for_prompt();
        assert!(terminal.screen().contains("\nas the test wants\n"), "{}", terminal.screen());
        terminal.wait_for_shell();
    }
}
