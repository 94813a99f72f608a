//! The terminal: taken for the view, and given back as it was, whatever ends the view.

use std::io::{self, Stdout, Write};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// A terminal that shows the view until this is dropped.
pub(super) struct TakenTerminal {
    screen: Terminal<CrosstermBackend<Stdout>>,
}

impl TakenTerminal {
    /// Takes the terminal. A panic gives it back before it prints anything.
    pub(super) fn take() -> io::Result<Self> {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            hook(panic);
        }));
        enter()?;
        Terminal::new(CrosstermBackend::new(io::stdout())).map(|screen| Self { screen }).inspect_err(|_| leave())
    }

    /// Draws one frame.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.screen.draw(draw).map(|_| ())
    }

    /// Gives the terminal back while the program is stopped, and takes it again when it is continued.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP)?;
        enter()?;
        execute!(io::stdout(), Clear(ClearType::All))?;
        // It knows nothing of what is on the screen, so it draws everything. To clear it would ask where the cursor is, and
        // the thread that reads the keys would get the answer.
        self.screen = Terminal::new(CrosstermBackend::new(io::stdout()))?;
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

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, cursor::Hide).inspect_err(|_| leave())
}

fn leave() {
    // Nothing more can be done for a terminal that takes no more bytes.
    let _ = execute!(io::stdout(), DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}
