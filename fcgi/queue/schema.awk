# Writes schema.sql as a C string, one literal a line.

BEGIN {
    print "/* Made from schema.sql by schema.awk. */"
    print "static const char queue_schema_sql[] ="
}

{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}

END {
    print "    ;"
}
