//! Just enough SVG for the pictures that examples draw: rectangles and lines of text on a plain ground.

#![allow(dead_code)] // each example uses its part

use std::fmt::Write;

/// Colours that stay apart in print, in the dark and for most colour-blind eyes.
pub const BLUE: &str = "#3b6fb6";
pub const ORANGE: &str = "#e08a2c";
pub const GREY: &str = "#d9dce1";
pub const INK: &str = "#20242b";

/// A picture that is being drawn; sizes are in pixels.
pub struct Svg {
    width: usize,
    height: usize,
    /// What screen readers say: a name, and what there is to see.
    title: &'static str,
    description: String,
    body: String,
}

impl Svg {
    pub fn new(width: usize, height: usize, title: &'static str, description: String) -> Self {
        Svg { width, height, title, description, body: String::new() }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" fill="{colour}"/>"#
        );
    }

    /// A line of text, whose baseline starts at the point.
    pub fn text(&mut self, (x, y): (f64, f64), size: usize, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.body, r#"<text x="{x:.2}" y="{y:.2}" font-size="{size}" fill="{INK}">{text}</text>"#);
    }

    /// The whole file.
    pub fn finish(self) -> String {
        let Svg { width, height, title, description, body } = self;
        let (title, description) = (escaped(title), escaped(&description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" role=\"img\" \
             aria-labelledby=\"title description\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n{body}</svg>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
