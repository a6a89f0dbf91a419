-- The licence map, published: the repositories of each commit, as joined there, and their licence.
SELECT DISTINCT repos, license FROM commitpack_metadata
