using System.CommandLine;
using Becket.Commands;

namespace Becket.Tests.Program;

public class PatienceOptionsTests
{
    private readonly PatienceOptions _options = new();
    private readonly Command _command = new("serve");

    public PatienceOptionsTests() => _options.AddTo(_command);

    [Fact]
    public void Times_are_read_with_their_units()
    {
        var parsed = _command.Parse(["--handshake-timeout", "5", "--idle-timeout", "2d"]);

        Assert.Empty(parsed.Errors);
        Assert.Equal(TimeSpan.FromSeconds(5), _options.ReadHandshake(parsed));
        Assert.Equal(TimeSpan.FromDays(2), _options.ReadIdle(parsed));
    }

    [Fact]
    public void Without_them_the_server_decides()
    {
        var parsed = _command.Parse([]);

        Assert.Null(_options.ReadHandshake(parsed));
        Assert.Null(_options.ReadIdle(parsed));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0.5s")]
    [InlineData("31d")]
    [InlineData("never")]
    public void What_is_no_time_is_refused(string text)
    {
        Assert.Single(_command.Parse(["--idle-timeout", text]).Errors);
        Assert.Single(_command.Parse(["--handshake-timeout", text]).Errors);
    }
}
