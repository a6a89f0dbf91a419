-- Step 2, fixed: one row for each commit; each name once, sorted. All its licences are kept in `licenses`; `license` is
-- the most restrictive one (@licenses is in that order) or that of the first name, as @license_choice says.
SELECT
  base.commit,
  base.subject,
  base.message,
  STRING_AGG(DISTINCT base.unnested_repo_name, ',' ORDER BY base.unnested_repo_name) AS repos,
  IF(
    @license_choice = 'most_restrictive',
    MAX_BY(base.license, restrictiveness),
    MIN_BY(base.license, base.unnested_repo_name)
  ) AS license,
  STRING_AGG(DISTINCT base.license, ',' ORDER BY base.license) AS licenses
FROM commits_table_base AS base
JOIN UNNEST(@licenses) AS known_license WITH OFFSET AS restrictiveness ON known_license = base.license
GROUP BY base.commit, base.subject, base.message
