# header

"""doc"""
# not the header
import a

# footer

