using Becket.Serving;

namespace Becket.Tests.Program;

public class ListeningTests
{
    private static readonly Listening Plain = new() { MaximumConnections = 1 };

    public static TheoryData<string, object> Contradictions => new()
    {
        { "unix and port", Plain with { UnixSocket = "/tmp/s", Port = 1 } },
        { "unix and address", Plain with { UnixSocket = "/tmp/s", Address = "::1" } },
        { "unix and single", Plain with { UnixSocket = "/tmp/s", Single = true } },
        { "port and single", Plain with { Port = 0, Single = true } },
        { "single and run", Plain with { Single = true, Run = "true" } },
        { "single and idle timeout", Plain with { Single = true, IdleTimeout = TimeSpan.FromDays(1) } },
        { "no path", Plain with { UnixSocket = "" } },
        { "port out of range", Plain with { Port = 65536 } },
        { "no connections", Plain with { MaximumConnections = 0 } },
    };

    [Theory]
    [MemberData(nameof(Contradictions), DisableDiscoveryEnumeration = true)]
    public void Options_that_exclude_one_another_are_a_usage_error(string what, object listening)
    {
        Assert.NotEmpty(what);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CommandException>(((Listening)listening).Validate).ExitCode);
    }

    [Fact]
    public void A_unix_socket_and_a_command_go_together() =>
        (Plain with { UnixSocket = "-", Run = "true" }).Validate();
}
