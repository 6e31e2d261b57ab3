# The columns of the terms of a model

term <- function(name, x, levels, category, known)
  list(name = name, x = x, levels = levels, category = category, known = known)

number <- function(name, x) term(name, cbind(x), "", FALSE, !is.na(x))

category <- function(name, code, labels, reference) {
  # A column of 0 and 1 for each level but the reference
  others <- which(labels != reference)
  term(name, outer(code, others - 1, `==`) + 0, labels[others], TRUE, !is.na(code))
}

columns <- function(name, x, levels) term(name, x, levels, FALSE, complete.cases(x))

product <- function(name, a, b) {
  # The interaction of two terms: the products of their columns, those of the first one fastest
  i <- rep(seq_len(ncol(a$x)), ncol(b$x))
  j <- rep(seq_len(ncol(b$x)), each = ncol(a$x))
  both <- a$levels[i] != "" & b$levels[j] != ""
  levels <- paste0(a$levels[i], ifelse(both, " x ", ""), b$levels[j])
  term(name, a$x[, i, drop = FALSE] * b$x[, j, drop = FALSE], levels, FALSE, a$known & b$known)
}

with_all <- function(chosen, candidates) {
  # Chosen terms on the patients who have all candidates
  known <- Reduce(`&`, lapply(candidates, function(term) term$known))
  lapply(chosen, function(term) replace(term, "known", list(known)))
}

spline <- function(x, knots) {
  # Restricted cubic spline (Harrell, as rms::rcs), linear beyond the outer knots
  k <- length(knots)
  inner <- knots[seq_len(k - 2)]
  cube <- function(at) pmax(x - at, 0)^3
  bent <- sapply(inner, function(at)
    (cube(at) - cube(knots[k - 1]) * (knots[k] - at) / (knots[k] - knots[k - 1]) +
       cube(knots[k]) * (knots[k - 1] - at) / (knots[k] - knots[k - 1])) / (knots[k] - knots[1])^2)
  cbind(x, bent)
}

powers <- function(x, degree) outer(x, seq_len(degree), `^`)
