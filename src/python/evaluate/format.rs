//! Texts made from values: f-strings, `format`, `str` and `repr`.

use super::super::syntax::ast::{self, ConversionFlag, FStringPart, InterpolatedStringElement};
use super::super::syntax::span_of;
use super::cell::{Cell, Text, Thing};
use super::operators::{MAX_TEXT, Number};
use super::run::{Run, Step};
use super::spec::{escaped, float_text, number_field, quoted, text_field};

/// How deep `repr` goes.
const MAX_DEPTH: usize = 8;

impl<'a> Run<'a, '_> {
    /// `str(value)`; `None` if it is not known.
    pub(super) fn text_of(&mut self, cell: &Cell<'a>) -> Step<Option<String>> {
        match &cell.thing {
            Thing::Str(text) | Thing::Path(text) => {
                self.spend(text.len() / 64)?;
                Ok(Some(text.to_string()))
            }
            _ => self.repr(cell, 0),
        }
    }

    pub(super) fn repr(&mut self, cell: &Cell<'a>, depth: usize) -> Step<Option<String>> {
        self.spend(1)?;
        if depth > MAX_DEPTH || cell.soft {
            return Ok(None);
        }
        let listed = |run: &mut Self, items: &[Cell<'a>]| -> Step<Option<String>> {
            let mut text = String::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                let Some(piece) = run.repr(item, depth + 1)? else { return Ok(None) };
                // The elements may rest on more than the whole does.
                if !item.deps.is_empty() || text.len() + piece.len() > MAX_TEXT {
                    return Ok(None);
                }
                text.push_str(&piece);
            }
            Ok(Some(text))
        };
        Ok(match &cell.thing {
            Thing::None => Some("None".to_owned()),
            Thing::Bool(b) => Some(if *b { "True" } else { "False" }.to_owned()),
            Thing::Int(n) => Some(n.to_string()),
            Thing::Float(x) => Some(float_text(*x)),
            Thing::Str(text) => {
                self.spend(text.len() / 16)?;
                quoted(text)
            }
            Thing::Tuple(items) if items.len() == 1 => listed(self, items)?.map(|text| format!("({text},)")),
            Thing::Tuple(items) => listed(self, items)?.map(|text| format!("({text})")),
            Thing::List(id) => match self.items(*id).map(<[_]>::to_vec) {
                Some(items) => listed(self, &items)?.map(|text| format!("[{text}]")),
                None => None,
            },
            Thing::Dict(id) => match self.entries(*id).map(<[_]>::to_vec) {
                Some(entries) => {
                    let mut shown = Vec::new();
                    for (key, value) in entries {
                        let (Some(key), Some(value)) = (listed(self, &[key])?, listed(self, &[value])?) else {
                            return Ok(None);
                        };
                        shown.push(format!("{key}: {value}"));
                        if shown.iter().map(String::len).sum::<usize>() > MAX_TEXT {
                            return Ok(None);
                        }
                    }
                    Some(format!("{{{}}}", shown.join(", ")))
                }
                None => None,
            },
            Thing::Range(start, stop, 1) => Some(format!("range({start}, {stop})")),
            Thing::Range(start, stop, stride) => Some(format!("range({start}, {stop}, {stride})")),
            _ => None,
        })
    }

    pub(super) fn f_string(&mut self, string: &'a ast::ExprFString) -> Step<Cell<'a>> {
        let mut text = String::new();
        let mut rests_on = Cell::new(Thing::None);
        let mut unknown: Option<Text> = None;
        for part in &string.value {
            match part {
                FStringPart::Literal(literal) => text.push_str(&literal.value),
                FStringPart::FString(part) => {
                    for element in &part.elements {
                        self.element(element, &mut text, &mut rests_on, &mut unknown)?;
                    }
                }
            }
        }
        let mut result = match unknown {
            Some(why) => Cell::new(Thing::Unknown(why)),
            None if text.len() > MAX_TEXT => Cell::unknown("too large"),
            None => Cell::str(&text),
        };
        result.deps.add(&rests_on.deps);
        result.soft = rests_on.soft && !result.is_unknown();
        Ok(result)
    }

    fn element(
        &mut self,
        element: &'a InterpolatedStringElement,
        text: &mut String,
        rests_on: &mut Cell<'a>,
        unknown: &mut Option<Text>,
    ) -> Step<()> {
        let expression = match element {
            InterpolatedStringElement::Literal(literal) => {
                self.spend(literal.value.len() / 64)?;
                text.push_str(&literal.value);
                return Ok(());
            }
            InterpolatedStringElement::Interpolation(expression) => expression,
        };
        let value = self.expression(&expression.expression)?;
        let mut spec = String::new();
        for element in expression.format_spec.iter().flat_map(|spec| &spec.elements) {
            self.nested(|run| run.element(element, &mut spec, rests_on, unknown))?;
        }
        if let Some(debug) = &expression.debug_text {
            text.push_str(debug.leading());
            text.push_str(self.source(span_of(expression.expression.as_ref())));
            text.push_str(debug.trailing());
        }
        let plain = expression.debug_text.is_some() && spec.is_empty();
        let shown = match expression.conversion {
            ConversionFlag::None if plain => self.repr(&value, 0)?,
            ConversionFlag::None => self.formatted(&value, &spec)?,
            ConversionFlag::Str => {
                let shown = self.text_of(&value)?;
                shown.and_then(|shown| text_field(&shown, &spec))
            }
            ConversionFlag::Repr => {
                let shown = self.repr(&value, 0)?;
                shown.and_then(|shown| text_field(&shown, &spec))
            }
            ConversionFlag::Ascii => {
                let shown = self.repr(&value, 0)?;
                shown.and_then(|shown| text_field(&escaped(&shown), &spec))
            }
        };
        let taken = std::mem::replace(rests_on, Cell::new(Thing::None));
        *rests_on = taken.resting_on(&value);
        if shown.is_none() {
            self.may_raise(None, &value, span_of(expression))?;
        }
        match shown {
            Some(shown) if text.len() + shown.len() <= MAX_TEXT => text.push_str(&shown),
            _ if unknown.is_none() => {
                *unknown = Some(if value.is_unknown() || value.soft {
                    value.because()
                } else {
                    "a text made from something that is not followed".into()
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// `format(value, spec)`; `None` where the specification is not followed.
    pub(super) fn formatted(&mut self, cell: &Cell<'a>, spec: &str) -> Step<Option<String>> {
        // A variable that may be absent would be the word "None": nobody means that.
        if cell.soft || cell.is_unknown() {
            return Ok(None);
        }
        if spec.is_empty() {
            return self.text_of(cell);
        }
        Ok(match &cell.thing {
            Thing::Str(text) => text_field(text, spec),
            Thing::Int(n) => number_field(Number::Int(*n), spec),
            Thing::Bool(b) if spec.ends_with(|c: char| c.is_ascii_alphabetic()) => {
                number_field(Number::Int(i64::from(*b)), spec)
            }
            Thing::Float(x) => number_field(Number::Float(*x), spec),
            Thing::Path(path) => text_field(path, spec),
            _ => None,
        })
    }
}
