namespace Becket.Tests.Nbd;

public class MetaContextTests
{
    private readonly TestCatalog _catalog = new()
    {
        [""] = new ArrayDevice(new byte[8192]),
        ["other"] = new ArrayDevice(new byte[8192]),
    };

    [Theory]
    [InlineData(true)]
    [InlineData(true, "base:")]
    [InlineData(true, "base:allocation")]
    [InlineData(true, "qemu:dirty-bitmap:x", "base:")]
    [InlineData(false, "base:x")]
    [InlineData(false, "qemu:")]
    [InlineData(false, "")]
    public async Task LIST_shows_what_the_queries_cover(bool isListed, params string[] queries)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        var replies = client.AskAll(RawClient.ListMetaContext, RawClient.MetaData("", queries));

        Assert.Equal(isListed ? [RawClient.MetaContext, RawClient.Ack] : [RawClient.Ack], replies.Select(reply => reply.Type));
        if (isListed)
            Assert.Equal("base:allocation"u8, replies[0].Data.AsSpan(4));
    }

    [Theory]
    [InlineData(true, "base:allocation")]
    [InlineData(true, "base:allocation", "base:allocation", "x:y")]
    [InlineData(false, "base:")]
    [InlineData(false, "x:y")]
    [InlineData(false)]
    public async Task SET_selects_only_full_names(bool isSelected, params string[] queries)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);

        var replies = client.AskAll(RawClient.SetMetaContext, RawClient.MetaData("", queries));

        Assert.Equal(isSelected ? [RawClient.MetaContext, RawClient.Ack] : [RawClient.Ack], replies.Select(reply => reply.Type));
        AssertBlockStatus(client, "", isSelected);
    }

    [Fact]
    public async Task SET_before_structured_replies_is_invalid()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000000")]
    [InlineData("0000000000000001")]
    [InlineData("00000000FFFFFFFF")]
    [InlineData("000000000000000100000005")]
    [InlineData("000000000000000000")]
    public async Task SET_and_LIST_with_wrong_lengths_are_invalid(string data)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);

        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.SetMetaContext, Convert.FromHexString(data)));
        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.ListMetaContext, Convert.FromHexString(data)));
        AssertBlockStatus(client, "", works: false);
    }

    [Fact]
    public async Task A_SET_that_fails_forgets_the_one_before()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);
        client.AskAll(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation"));

        Assert.Equal(RawClient.ErrUnknown, client.Ask(RawClient.SetMetaContext, RawClient.MetaData("nothing", "base:allocation")));

        AssertBlockStatus(client, "", works: false);
    }

    [Fact]
    public async Task A_selection_for_another_export_does_not_count()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);
        client.AskAll(RawClient.SetMetaContext, RawClient.MetaData("other", "base:allocation"));

        AssertBlockStatus(client, "", works: false);
    }

    [Fact]
    public async Task Contexts_of_an_unknown_export_are_not_listed()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrUnknown, client.Ask(RawClient.ListMetaContext, RawClient.MetaData("nothing")));
    }

    private static void AssertBlockStatus(RawClient client, string export, bool works)
    {
        client.AskAll(RawClient.Go, RawClient.InfoData(export));
        client.SendRequest(RawClient.BlockStatus, 0, 8192);
        var chunk = client.ReceiveChunk();
        Assert.Equal(works ? RawClient.Chunk.Status : RawClient.Chunk.Failure, chunk.Type);
        if (!works)
            Assert.Equal(RawClient.EINVAL, chunk.Error);
    }
}
