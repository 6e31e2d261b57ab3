# Writes small files of SPSS, Stata, SAS and R, with invented rows, and what they hold as JSON.
#
# Run from the root of the repository: Rscript tests/reference/package_files.R
# The patients are invented, so are the values. The files and package_files.json are kept.

suppressPackageStartupMessages({
  library(haven)
  library(hms)
  library(jsonlite)
  library(survival)
  library(tibble)
})

folder <- "tests/reference/files"
dir.create(folder, showWarnings = FALSE)

n <- 12
id <- sprintf("%03d", seq_len(n))
months <- c(3.5, 12.25, 0.5, 48, 7.1, NA, 22.2, 31, 5.75, 60, 18.3, 1.1)
died <- c(1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1)
sex <- c(1, 2, 2, 1, 2, 1, 1, 2, 2, 1, 2, NA)
ecog <- c(0, 1, 2, 9, 1, 0, 0, 9, 2, 1, 0, 1)
nodes <- c(0, 3, 12, 1, NA, 7, 0, 0, 2, 25, 4, 1)
stage <- c("früh", "spät", "früh", "", "spät", "früh", "spät", "früh", "spät", "", "früh", "spät")
start <- as.Date("2019-02-27") + c(0, 31, 62, NA, 400, 500, 600, 700, 800, 900, 1000, 1100)
scan <- as.POSIXct("2020-02-28 22:30:15", tz = "UTC") + c(0, 3600, NA, 86400 * 1:9)
dose <- hms::as_hms(c(0, 3600, 30615, NA, 45000, 86399, 60, 3661, 7200, 7260, 43200, 1))

sex_words <- c("männlich" = 1, "weiblich" = 2)
died_words <- c("lebt" = 0, "verstorben" = 1)

plain <- tibble(
  id = id,
  months = structure(months, label = "Überleben in Monaten"),
  died = labelled(died, died_words, label = "Status"),
  sex = labelled(sex, sex_words),
  nodes = labelled(nodes, c("keine" = 0)),
  stage = stage,
  start = start,
  scan = scan,
  dose = dose
)
spss <- plain
spss$ecog <- labelled_spss(ecog, c("unbekannt" = 9), na_values = 9)
stata <- plain
stata$dose <- NULL
stata$ecog <- labelled(ifelse(ecog == 9, tagged_na("a"), ecog), c("unbekannt" = tagged_na("a")))

# A haven that still writes sas7bdat says that this will end; SAS itself is not at hand.
quietly <- function(x) suppressWarnings(suppressMessages(x))

write_sav(spss, file.path(folder, "synthetic.sav"), compress = "byte")
write_sav(spss, file.path(folder, "synthetic_plain.sav"), compress = "none")
write_sav(spss, file.path(folder, "synthetic.zsav"), compress = "zsav")
write_dta(stata, file.path(folder, "synthetic.dta"), version = 14)
write_dta(zap_formats(stata), file.path(folder, "synthetic_12.dta"), version = 12)
quietly(write_sas(zap_labels(plain), file.path(folder, "synthetic.sas7bdat")))
write_xpt(zap_labels(plain), file.path(folder, "synthetic.xpt"), version = 5, name = "SYNTH")
write_xpt(zap_labels(plain), file.path(folder, "synthetic_8.xpt"), version = 8, name = "SYNTH")

frame <- data.frame(
  id = id,
  months = structure(months, label = "Überleben in Monaten"),
  died = died == 1,
  sex = factor(sex, labels = names(sex_words)),
  nodes = as.integer(nodes),
  stage = ifelse(stage == "", NA, stage),
  start = start,
  scan = scan,
  local = as.POSIXct(format(start), tz = "Europe/Berlin"),
  wait = structure(seq_len(n) * 1.5, units = "weeks", class = "difftime"),
  dose = dose,
  number = seq_len(n),
  word = as.character(seq_len(n) / 4),
  stringsAsFactors = FALSE
)
latin <- "sp\xe4t"
Encoding(latin) <- "latin1"
frame$latin <- rep(latin, n)
wide <- frame
wide$surv <- Surv(replace(months, is.na(months), 1), died)
wide$list <- as.list(seq_len(n))
wide$pair <- matrix(seq_len(2 * n), n)
labels <- tibble(died = labelled(died, died_words, label = "Status"), nodes = plain$nodes)
named <- data.frame(age = c(41, 75, 52), row.names = c("P-1", "P-2", "P-3"))

saveRDS(wide, file.path(folder, "synthetic.rds"))
saveRDS(labels, file.path(folder, "synthetic_labels.rds"), compress = "xz")
saveRDS(named, file.path(folder, "synthetic_named.rds"), ascii = TRUE, compress = FALSE)
saveRDS(frame, file.path(folder, "synthetic_2.rds"), version = 2, compress = "bzip2")
saveRDS(coxph(Surv(months, died) ~ nodes), file.path(folder, "synthetic_model.rds"))
note <- "not a table"
save(frame, note, labels, file = file.path(folder, "synthetic.RData"))

text <- function(x) ifelse(is.na(x), "", as.character(x))
time <- function(x) ifelse(is.na(x), "", format(x, "%Y-%m-%d %H:%M:%S"))
words <- function(x, labels) ifelse(is.na(x), "", names(labels)[match(x, labels)])

twin <- list(
  R = R.version.string,
  haven = as.character(packageVersion("haven")),
  columns = list(
    id = id, months = months, died = words(died, died_words), sex = words(sex, sex_words),
    nodes = nodes, stage = stage, start = text(start), scan = time(scan),
    dose = text(format(dose)), ecog = ifelse(ecog == 9, NA, ecog), codes = died,
    wait = seq_len(n) * 1.5, number = seq_len(n), word = as.character(seq_len(n) / 4)
  )
)
twin$columns$dose[is.na(dose)] <- ""
write(
  toJSON(twin, digits = NA, na = "null", auto_unbox = TRUE, pretty = TRUE),
  "tests/reference/package_files.json"
)
