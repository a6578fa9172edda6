using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Tests.Program;

public class JournalTests
{
    [Theory]
    [InlineData("8:4711", "socket:[4711]", true)]
    [InlineData("8:4711", "socket:[4712]", false)]
    [InlineData("8:4711", "pipe:[4711]", false)]
    [InlineData("8:4711", "/dev/pts/0", false)]
    [InlineData("8:4711", null, false)]
    [InlineData("8:", "socket:[]", false)]
    [InlineData("4711", "socket:[4711]", false)]
    [InlineData("", "socket:[4711]", false)]
    [InlineData(null, "socket:[4711]", false)]
    public void Standard_error_is_the_journal_where_both_name_the_same_socket(string? stream, string? target, bool isSame) =>
        Assert.Equal(isSame, Journal.IsSame(stream, target));

    [Theory]
    [InlineData(LogLevel.Debug, "<7>")]
    [InlineData(LogLevel.Information, "<6>")]
    [InlineData(LogLevel.Warning, "<4>")]
    [InlineData(LogLevel.Error, "<3>")]
    [InlineData(LogLevel.Critical, "<2>")]
    public void Each_line_begins_with_its_priority(LogLevel level, string mark) =>
        Assert.Equal($"{mark}becket: one\n{mark}   at two", Journal.Prefix(level, "becket: one\n   at two"));
}
