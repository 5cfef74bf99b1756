//! What patch scripts calculate with numbers alone, beside the operators. Pure.

/// One function of numbers.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub takes: &'static [&'static str],
    pub of: fn(&[f64]) -> f64,
}

/// Every one, in the order of the manual.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "sqrt", takes: &["x"], of: |x| x[0].sqrt() },
    Function { name: "pow", takes: &["x", "exponent"], of: |x| x[0].powf(x[1]) },
    Function { name: "exp", takes: &["x"], of: |x| x[0].exp() },
    Function { name: "ln", takes: &["x"], of: |x| x[0].ln() },
    Function { name: "sin", takes: &["radians"], of: |x| x[0].sin() },
    Function { name: "cos", takes: &["radians"], of: |x| x[0].cos() },
    Function { name: "floor", takes: &["x"], of: |x| x[0].floor() },
    Function { name: "round", takes: &["x"], of: |x| x[0].round() },
];

impl Function {
    /// `pow(x, exponent)`.
    #[must_use]
    pub fn usage(&self) -> String {
        format!("{}({})", self.name, self.takes.join(", "))
    }
}
