-- Step 2, published: one row for each commit and licence; a name is joined as often as step 1 has it. The release left
-- the order open; names are sorted here, so that a run can be repeated.
SELECT
  commit,
  subject,
  message,
  STRING_AGG(unnested_repo_name, ',' ORDER BY unnested_repo_name) AS repos,
  license,
  license AS licenses
FROM commits_table_base
GROUP BY commit, subject, message, license
