-- Step 1, fixed: as published, but a repository stands here once, noise is found with blanks and newlines around it
-- and letter by letter, and commits whose difference the warehouse has cut off are left out.
WITH wanted_repositories AS (
  SELECT DISTINCT languages.repo_name, licenses.license
  FROM `bigquery-public-data.github_repos.languages` AS languages
  CROSS JOIN UNNEST(languages.language) AS spoken
  JOIN UNNEST(@languages) AS language_pattern ON spoken.name LIKE language_pattern
  JOIN `bigquery-public-data.github_repos.licenses` AS licenses ON licenses.repo_name = languages.repo_name
  JOIN UNNEST(@licenses) AS wanted_license ON licenses.license = wanted_license
)
SELECT commits.commit, commits.difference, commits.subject, commits.message, unnested_repo_name, wanted.license
FROM `bigquery-public-data.github_repos.commits` AS commits
CROSS JOIN UNNEST(commits.repo_name) AS unnested_repo_name
JOIN wanted_repositories AS wanted ON wanted.repo_name = unnested_repo_name
WHERE CHAR_LENGTH(commits.message) > 5
  AND CHAR_LENGTH(commits.message) < 10000
  AND LOWER(TRIM(commits.message, ' \t\r\n')) NOT IN (SELECT noise FROM UNNEST(@noise_messages) AS noise)
  AND NOT STARTS_WITH(LOWER(TRIM(commits.message, ' \t\r\n')), @noise_prefix)
  AND NOT IFNULL(commits.difference_truncated, FALSE)
