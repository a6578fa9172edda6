namespace Becket.Tests.Nbd.Handshake;

/// <summary>Options that are unknown, malformed or too long are refused, and the session lives.</summary>
public class OptionRefusalTests
{
    private readonly TestCatalog _catalog = new() { [""] = new ArrayDevice(new byte[1000]) };

    [Theory]
    [InlineData(RawClient.List)]
    [InlineData(RawClient.StructuredReply)]
    [InlineData(RawClient.StartTls)]
    public async Task An_option_without_data_refuses_data_and_the_session_lives(uint option)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrInvalid, client.Ask(option, 1, 2, 3));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }

    [Theory]
    [InlineData("")]
    [InlineData("000000")]
    [InlineData("00000000")]
    [InlineData("0000000000")]
    [InlineData("000000000001")]
    [InlineData("00000000000000")]
    [InlineData("0000000000010003FF")]
    [InlineData("000000050000")]
    [InlineData("FFFFFFFF0000")]
    [InlineData("000000026100000000")]
    [InlineData("00000001FF0000")]
    [InlineData("00000001000000")]
    public async Task INFO_and_GO_with_wrong_lengths_or_names_are_invalid_and_the_session_lives(string data)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.Info, Convert.FromHexString(data)));
        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.Go, Convert.FromHexString(data)));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }

    [Fact]
    public async Task A_name_may_have_4096_bytes_and_no_more()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrUnknown, client.Ask(RawClient.Info, RawClient.InfoData(new string('x', 4096))));
        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.Info, RawClient.InfoData(new string('x', 4097))));
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(11u)]
    [InlineData(0u)]
    [InlineData(0xFFFFFFFFu)]
    public async Task An_unknown_option_is_unsupported_and_its_data_is_consumed(uint option)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrUnsup, client.Ask(option, "IHAVEOPT IHAVEOPT"u8));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }

    [Fact]
    public async Task STARTTLS_is_against_the_policy()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrPolicy, client.Ask(RawClient.StartTls));
    }

    [Fact]
    public async Task A_long_option_is_too_big_and_the_session_lives()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrTooBig, client.Ask(RawClient.Info, new byte[100_000]));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }
}
