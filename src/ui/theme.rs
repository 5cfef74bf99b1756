//! Themes: what the sixteen colours are in which everything is drawn. The terminal's own, or a palette over its own background. Plain values.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// The file's name in the state folder; it holds the name of a theme.
pub const FILE: &str = "theme";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Terminal,
    Dark,
    Light,
    /// For projectors and tired eyes.
    Contrast,
}

/// Of xterm's 256 colours, which nearly every terminal has.
#[derive(Clone, Copy, Debug)]
struct Palette {
    background: u8,
    text: u8,
    /// What is less important.
    grey: u8,
    red: u8,
    green: u8,
    yellow: u8,
    blue: u8,
    magenta: u8,
    cyan: u8,
}

const DARK: Palette = Palette {
    background: 234,
    text: 253,
    grey: 246,
    red: 210,
    green: 114,
    yellow: 221,
    blue: 111,
    magenta: 176,
    cyan: 80,
};

const LIGHT: Palette =
    Palette { background: 231, text: 234, grey: 241, red: 124, green: 22, yellow: 94, blue: 19, magenta: 90, cyan: 23 };

const CONTRAST: Palette = Palette {
    background: 16,
    text: 231,
    grey: 252,
    red: 217,
    green: 157,
    yellow: 227,
    blue: 153,
    magenta: 219,
    cyan: 123,
};

impl Theme {
    pub const ALL: [Theme; 4] = [Theme::Terminal, Theme::Dark, Theme::Light, Theme::Contrast];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Theme::Terminal => "terminal",
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::Contrast => "contrast",
        }
    }

    /// What a file says; a word that no theme has is the terminal's.
    #[must_use]
    pub fn named(text: &str) -> Theme {
        Theme::ALL.into_iter().find(|theme| theme.name() == text.trim()).unwrap_or_default()
    }

    #[must_use]
    pub fn next(self) -> Theme {
        let at = Theme::ALL.iter().position(|theme| *theme == self).unwrap_or(0);
        Theme::ALL[(at + 1) % Theme::ALL.len()]
    }

    fn palette(self) -> Option<&'static Palette> {
        match self {
            Theme::Terminal => None,
            Theme::Dark => Some(&DARK),
            Theme::Light => Some(&LIGHT),
            Theme::Contrast => Some(&CONTRAST),
        }
    }

    /// Puts the theme's colours in the place of the terminal's.
    pub fn paint(self, buffer: &mut Buffer) {
        let Some(palette) = self.palette() else { return };
        for cell in &mut buffer.content {
            cell.fg = palette.colour(cell.fg, palette.text);
            cell.bg = palette.colour(cell.bg, palette.background);
            // How dim that is the terminal decides.
            if self == Theme::Contrast {
                cell.modifier.remove(Modifier::DIM);
            }
        }
    }
}

impl Palette {
    fn colour(&self, colour: Color, default: u8) -> Color {
        Color::Indexed(match colour {
            Color::Reset => default,
            Color::Black => self.background,
            Color::Red | Color::LightRed => self.red,
            Color::Green | Color::LightGreen => self.green,
            Color::Yellow | Color::LightYellow => self.yellow,
            Color::Blue | Color::LightBlue => self.blue,
            Color::Magenta | Color::LightMagenta => self.magenta,
            Color::Cyan | Color::LightCyan => self.cyan,
            Color::Gray | Color::DarkGray => self.grey,
            Color::White => self.text,
            other => return other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, green and blue of one of xterm's colours from 16 on.
    fn rgb(index: u8) -> [f64; 3] {
        let step = |n: u8| if n == 0 { 0.0 } else { 55.0 + 40.0 * f64::from(n) };
        if index >= 232 {
            return [8.0 + 10.0 * f64::from(index - 232); 3];
        }
        let index = index - 16;
        [step(index / 36), step(index / 6 % 6), step(index % 6)]
    }

    /// The contrast ratio of WCAG 2.1, from 1 to 21.
    fn contrast(a: u8, b: u8) -> f64 {
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        let light = |index| {
            let [red, green, blue] = rgb(index).map(|c| linear(c / 255.0));
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (light(a), light(b));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_colour_can_be_read_on_its_background() {
        assert!((contrast(16, 231) - 21.0).abs() < 1e-9);
        for (theme, least) in [(Theme::Dark, 4.5), (Theme::Light, 4.5), (Theme::Contrast, 10.0)] {
            let palette = theme.palette().expect("a palette");
            let Palette { background, text, grey, red, green, yellow, blue, magenta, cyan } = *palette;
            for colour in [text, grey, red, green, yellow, blue, magenta, cyan] {
                let contrast = contrast(colour, background);
                assert!(contrast >= least, "{theme:?} {colour}: {contrast}");
            }
        }
    }

    #[test]
    fn the_names_of_themes_are_read_back() {
        for theme in Theme::ALL {
            assert_eq!(Theme::named(&format!("{}\n", theme.name())), theme);
        }
        assert_eq!(Theme::named("pink"), Theme::Terminal);
        assert_eq!((0..4).fold(Theme::Dark, |theme, _| theme.next()), Theme::Dark);
    }
}
