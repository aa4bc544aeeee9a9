//! Gunther's Universal Scalability Law, fitted to throughput at several numbers of processes.
//!
//! Good for a line in a chart of many points; the peak of so smooth a curve misses a sharp bend at the number of cores,
//! so nothing is recommended by it.

/// The fitted curve: `X(n) = rate * n / (1 + contention * (n - 1) + coherency * n * (n - 1))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scalability {
    /// Requests per second of one process that nobody disturbs.
    pub rate: f64,
    /// What they wait for each other.
    pub contention: f64,
    /// What each pays for every other one.
    pub coherency: f64,
}

/// Fewest different numbers of processes that a curve with three parameters may be drawn through.
const FEWEST: usize = 5;

impl Scalability {
    /// Fits the curve to pairs of processes and requests per second, by least squares of `n / X`, in which it is linear;
    /// `None` with fewer than five different numbers. A parameter that would be negative is taken for 0.
    ///
    /// Through `X(n) = 100 n / (1 + 0.1 (n - 1) + 0.01 n (n - 1))` at 1 to 6 it finds 100, 0.1 and 0.01 again.
    pub fn fit(points: &[(u32, f64)]) -> Option<Self> {
        let mut different: Vec<u32> = points.iter().filter(|(_, rate)| *rate > 0.0).map(|(n, _)| *n).collect();
        different.sort_unstable();
        different.dedup();
        if different.len() < FEWEST {
            return None;
        }
        let rows: Vec<([f64; 3], f64)> = points
            .iter()
            .filter(|(n, rate)| *n > 0 && *rate > 0.0)
            .map(|(n, rate)| {
                let n = f64::from(*n);
                ([1.0, n - 1.0, n * (n - 1.0)], n / rate)
            })
            .collect();
        let tries = [vec![0, 1, 2], vec![0, 1], vec![0, 2], vec![0]];
        let solved = tries.iter().filter_map(|columns| least_squares(&rows, columns));
        let [one, contention, coherency] = solved.into_iter().find(|all| all.iter().all(|value| *value >= 0.0))?;
        (one > 0.0).then(|| Self { rate: 1.0 / one, contention: contention / one, coherency: coherency / one })
    }

    /// Requests per second at so many processes.
    pub fn at(&self, processes: f64) -> f64 {
        let others = processes - 1.0;
        self.rate * processes / (1.0 + self.contention * others + self.coherency * processes * others)
    }
}

/// Solves the normal equations for some of the columns; the others are 0.
fn least_squares(rows: &[([f64; 3], f64)], columns: &[usize]) -> Option<[f64; 3]> {
    let size = columns.len();
    let value = |row: &[f64; 3], column: usize| columns.get(column).and_then(|at| row.get(*at)).copied().unwrap_or(0.0);
    let mut matrix: Vec<Vec<f64>> = (0..size)
        .map(|i| {
            let mut line: Vec<f64> =
                (0..size).map(|j| rows.iter().map(|(row, _)| value(row, i) * value(row, j)).sum()).collect();
            line.push(rows.iter().map(|(row, y)| value(row, i) * y).sum());
            line
        })
        .collect();
    for pivot in 0..size {
        let lead = matrix.get(pivot)?.clone();
        let head = *lead.get(pivot)?;
        if head.abs() < 1e-12 {
            return None;
        }
        for (index, line) in matrix.iter_mut().enumerate() {
            if index == pivot {
                for cell in line.iter_mut() {
                    *cell /= head;
                }
            } else {
                let factor = line.get(pivot).copied()? / head;
                for (cell, from) in line.iter_mut().zip(&lead) {
                    *cell -= factor * from;
                }
            }
        }
    }
    let mut all = [0.0; 3];
    for (column, line) in columns.iter().zip(&matrix) {
        *all.get_mut(*column)? = *line.last()?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_that_points_were_taken_from_is_found() {
        let truth = Scalability { rate: 100.0, contention: 0.1, coherency: 0.01 };
        let points: Vec<(u32, f64)> = (1..=6).map(|n| (n, truth.at(f64::from(n)))).collect();
        let found = Scalability::fit(&points).unwrap();
        assert!((found.rate - 100.0).abs() < 1e-6 && (found.contention - 0.1).abs() < 1e-6, "{found:?}");
        assert!((found.coherency - 0.01).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn too_few_points_and_points_that_only_rise_make_no_nonsense() {
        assert_eq!(Scalability::fit(&[(1, 10.0), (2, 19.0), (3, 27.0), (4, 33.0)]), None);
        assert_eq!(Scalability::fit(&[(1, 10.0), (1, 11.0), (2, 19.0), (3, 27.0), (4, 33.0)]), None);
        // Better than linear, by luck: nobody pays less than nothing.
        let found = Scalability::fit(&[(1, 10.0), (2, 21.0), (3, 32.0), (4, 43.0), (5, 54.0)]).unwrap();
        assert!(found.contention >= 0.0 && found.coherency >= 0.0, "{found:?}");
    }
}
