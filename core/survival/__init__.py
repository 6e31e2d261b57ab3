"""Statistics: each module is one method, each public function takes a cohort and a spec."""
