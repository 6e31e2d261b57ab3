# The same reference numbers for real tables that are not in this repository.
#
# How to run it, FOLDER being the folder of the tables (one folder a source, see the paths below):
#
#   Rscript tests/reference/shared_tables.R FOLDER tests/reference/shared_tables.json
#
# Only the numbers and this script are stored. All computing is done by survival_reference.R, which
# is sourced from the folder of this script; here are the cases.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
source(file.path(here, "survival_reference.R"))

fields <- function(time, unit, event, event_is, ...) {
  list(time = time, unit = unit, event = event, event_is = event_is, ...)
}

# A builder of cases on one endpoint of one table.
endpoint <- function(table, ...) {
  base <- fields(...)
  function(name, ..., keep = NULL, omit = character()) {
    case(name, table, c(base, list(...)), keep, omit)
  }
}

rotterdam_cases <- function() {
  os <- endpoint("rotterdam/rotterdam.csv", "dtime", "days", "death", "1")
  recurrence <- endpoint("rotterdam/rotterdam.csv", "rtime", "days", "recur", "1")
  gbsg <- endpoint("rotterdam/gbsg.csv", "rfstime", "days", "status", "1")
  list(
    os("rotterdam_os_hormon", group_by = "hormon", show_unit = "years", at = "1,5,10,15",
       tau = "10"),
    os("rotterdam_os_size", group_by = "size", terms = "size,age:per(10),grade,nodes,hormon"),
    os("rotterdam_os_nodes_cut", group_by = "nodes", cut_rule = "value", cut_value = "1,4",
       show_unit = "months", test = "gehan"),
    os("rotterdam_os_breslow", ties = "breslow", terms = "age,meno,size,nodes,pgr,er,chemo"),
    os("rotterdam_os_stratified", group_by = "chemo", strata = "meno,grade",
       terms = "chemo,nodes,age:spline(4)"),
    recurrence("rotterdam_recurrence", group_by = "grade", conf_type = "log", at = "365,1826.25",
               terms = "grade:cat,nodes,hormon"),
    recurrence("rotterdam_recurrence_interaction", terms = "size,hormon:cat(0),age"),
    recurrence("rotterdam_recurrence_er_median", group_by = "er", cut_rule = "median",
               cut_side = "gt", test = "peto"),
    gbsg("gbsg_hormon", group_by = "hormon", at = "365,730,1826.25", tau = "1826.25"),
    gbsg("gbsg_full", terms = "age,meno,size,grade,nodes,pgr,er,hormon"),
    gbsg("gbsg_full_breslow", terms = "age,meno,size,grade,nodes,pgr,er,hormon",
         ties = "breslow"),
    gbsg("gbsg_nodes_quartiles", group_by = "nodes", cut_rule = "quantile",
         cut_value = "0.5,0.75", strata = "meno", test = "fh(1;1)", omit = "km.pairwise")
  )
}

classic_cases <- function() {
  lung <- endpoint("r_survival/lung.csv", "time", "days", "status", "2")
  veteran <- endpoint("r_survival/veteran.csv", "time", "days", "status", "1")
  ovarian <- endpoint("r_survival/ovarian.csv", "futime", "days", "fustat", "1")
  aml <- endpoint("r_survival/leukemia.csv", "time", "weeks", "status", "1")
  list(
    lung("lung_full", group_by = "sex", terms = "age,sex,ph.ecog", tau = "730", at = "365"),
    lung("lung_by_institution", group_by = "sex", strata = "inst", terms = "age"),
    lung("lung_ecog_known", group_by = "ph.ecog", where = "ph.ecog <= 2", conf_level = "0.9",
         keep = quote(ph.ecog <= 2)),
    veteran("veteran_cells", group_by = "celltype", adjust_pairwise = "bh", at = "30,180,365"),
    veteran("veteran_full",
            terms = "trt,celltype:cat(squamous),karno,diagtime,age,prior"),
    veteran("veteran_full_breslow",
            terms = "trt,celltype:cat(squamous),karno,diagtime,age,prior", ties = "breslow"),
    veteran("veteran_trt_within_cells", group_by = "trt", strata = "celltype",
            terms = "trt,karno"),
    ovarian("ovarian_rx", group_by = "rx", terms = "rx,age", tau = "1000", at = "365"),
    ovarian("ovarian_spss_median", group_by = "rx", median_ci = "spss"),
    aml("aml_maintenance", group_by = "x", terms = "x:cat(Maintained)", at = "24"),
    aml("aml_breslow_plain", group_by = "x", ties = "breslow", conf_type = "plain")
  )
}

mayo_cases <- function() {
  pbc <- endpoint("r_survival/pbc.csv", "time", "days", "status", "2", competing = "1")
  death <- endpoint("r_survival/colon.csv", "time", "days", "status", "1", where = "etype = 2")
  recurrence <- endpoint("r_survival/colon.csv", "time", "days", "status", "1",
                         where = "etype = 1")
  mgus <- endpoint("r_survival/mgus2.csv", "futime", "months", "death", "1")
  heart <- endpoint("r_survival/heart.csv", "stop", "days", "event", "1", entry = "start")
  dead <- quote(etype == 2)
  recurred <- quote(etype == 1)
  list(
    pbc("pbc_trial", group_by = "trt", show_unit = "years", at = "1,5,10",
        terms = "age,edema,bili:log2,protime:log2,albumin:log2"),
    pbc("pbc_stage_missing", group_by = "stage", terms = "stage:trend,chol,trig"),
    pbc("pbc_bilirubin_cut", group_by = "bili", cut_rule = "value", cut_value = "1.9",
        cut_side = "gt"),
    death("colon_death", group_by = "rx", adjust_pairwise = "none", keep = dead,
          terms = "rx:cat(Obs),sex,age,node4"),
    death("colon_death_breslow", keep = dead, terms = "rx:cat(Obs),sex,age,node4",
          ties = "breslow"),
    death("colon_death_interaction", keep = dead, terms = "rx,sex:cat,nodes,rx*nodes"),
    recurrence("colon_recurrence", group_by = "rx", keep = recurred, test = "tarone-ware",
               show_unit = "months", at = "12,36,60", tau = "60"),
    recurrence("colon_recurrence_differ", group_by = "differ", keep = recurred,
               strata = "node4", omit = "km.pairwise"),
    mgus("mgus2_sex", group_by = "sex", at = "12,60,120,400", terms = "age:per(10),sex,hgb"),
    mgus("mgus2_in_years", group_by = "mspike", cut_rule = "median", show_unit = "years",
         terms = "mspike,creat:log2"),
    heart("heart_time_dependent", terms = "age,year,surgery,transplant:cat",
          omit = c("cohort.follow_up", "km")),
    heart("heart_time_dependent_breslow", terms = "age,surgery,transplant:cat", ties = "breslow",
          omit = c("cohort.follow_up", "km"))
  )
}

registry_cases <- function() {
  tcga <- "tcga_brca_pancan/data_clinical_patient.txt"
  os <- endpoint(tcga, "OS_MONTHS", "months", "OS_STATUS", "1:DECEASED")
  pfs <- endpoint(tcga, "PFS_MONTHS", "months", "PFS_STATUS", "1:PROGRESSION")
  metabric <- "metabric/brca_metabric_clinical_data.tsv"
  alive <- endpoint(metabric, "Overall Survival (Months)", "months", "Overall Survival Status",
                    "1:DECEASED")
  relapse <- endpoint(metabric, "Relapse Free Status (Months)", "months",
                      "Relapse Free Status", "1:Recurred")
  vital <- endpoint(metabric, "Overall Survival (Months)", "months", "Patient's Vital Status",
                    "Died of Disease", competing = "Died of Other Causes")
  list(
    os("tcga_os_subtype", group_by = "SUBTYPE", at = "12,60,120", terms = "SUBTYPE,AGE:per(10)"),
    os("tcga_os_age", group_by = "AGE", cut_rule = "median", show_unit = "years"),
    pfs("tcga_pfs", group_by = "SUBTYPE", test = "gehan", adjust_pairwise = "bonferroni"),
    pfs("tcga_pfs_race", terms = "AGE,RACE:cat(White)", strata = "SUBTYPE",
        where = "RACE in White,Asian,Black or African American",
        keep = quote(RACE %in% c("White", "Asian", "Black or African American"))),
    alive("metabric_os_er", group_by = "ER Status", at = "60,120,240", tau = "180",
          terms = "ER Status,Age at Diagnosis:per(10),Tumor Size"),
    alive("metabric_os_chemo", group_by = "Chemotherapy",
          strata = "Neoplasm Histologic Grade"),
    alive("metabric_os_npi", group_by = "Nottingham prognostic index", cut_rule = "value",
          cut_value = "3.4,5.4", show_unit = "years", at = "5,10,20"),
    relapse("metabric_relapse", group_by = "HER2 Status", conf_type = "log",
            terms = "HER2 Status,Lymph nodes examined positive"),
    vital("metabric_cause_specific", group_by = "Cohort", cut_rule = "none",
          omit = "km.pairwise"),
    vital("metabric_cause_specific_cox", ties = "breslow",
          terms = "ER Status,HER2 Status,Tumor Size,Nottingham prognostic index")
  )
}

other_cases <- function() {
  hn <- "hn_petct_vallieres/hn_petct_300.csv"
  death <- endpoint(hn, "time_Death", "days", "Death", "1")
  local <- endpoint(hn, "time_Locoregional", "days", "Locoregional", "1")
  gastric <- endpoint("gastric_adjuvant_ipd/gastadj.csv", "timeT", "days", "statusT", "1")
  gastric_dfs <- endpoint("gastric_adjuvant_ipd/gastadj.csv", "timeS", "days", "statusS", "1")
  nki <- endpoint("nki70/nki70.csv", "time", "years", "event", "1")
  wpbc <- endpoint("wpbc/wpbc.csv", "time", "months", "status", "R")
  adtte <- endpoint("psi_adtte_breast/2020-04-08-psi-vissig-adtte.csv", "AVAL", "days", "CNSR",
                    "0")
  channing <- endpoint("sksurv_data/channing.csv", "exit", "months", "cens", "1",
                       entry = "entry")
  list(
    death("hn_death_hpv", group_by = "HPV", show_unit = "months", at = "12,24,60",
          terms = "HPV,Age,T_stage:cat"),
    death("hn_death_centre", group_by = "centre", test = "peto", terms = "Age,N_stage:trend",
          strata = "HPV", omit = "km.pairwise"),
    local("hn_locoregional", group_by = "subsite", terms = "subsite:cat(Oropharynx),Age"),
    gastric("gastric_os", group_by = "trt", strata = "trialID", terms = "trt", show_unit = "years",
            at = "1,5,10"),
    gastric("gastric_os_breslow", group_by = "trt", ties = "breslow", tau = "3000"),
    gastric_dfs("gastric_dfs", group_by = "trt", strata = "trialID", test = "gehan"),
    nki("nki70_grade", group_by = "Grade", terms = "Grade:cat(Well diff),Age,ER,Diam,N"),
    nki("nki70_gene", group_by = "TSPYL5", cut_rule = "tertiles", show_unit = "months",
        at = "24,60,120"),
    wpbc("wpbc_radius", group_by = "mean_radius", cut_rule = "median",
         terms = "mean_radius,mean_texture,mean_area:log2"),
    wpbc("wpbc_landmark", group_by = "mean_radius", cut_rule = "median", landmark = "12",
         omit = NO_HORIZON),
    adtte("adtte_pfs_arms", group_by = "TRT01P", at = "90,365,730", terms = "TRT01P,AGE",
          strata = "STR01"),
    channing("channing_delayed_entry", group_by = "sex", at = "800,900,1000", terms = "sex")
  )
}

shared_cases <- function() {
  c(rotterdam_cases(), classic_cases(), mayo_cases(), registry_cases(), other_cases())
}

options(warn = 1)
arguments <- commandArgs(trailingOnly = TRUE)
write_cases(shared_cases(), arguments[1], arguments[2])
