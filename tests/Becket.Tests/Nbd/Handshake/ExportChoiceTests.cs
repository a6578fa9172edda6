using System.Buffers.Binary;
using System.Text;
using Becket.Blocks;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>How a client learns which exports there are and what they are like, and how it enters one.</summary>
public class ExportChoiceTests
{
    private const ushort HasFlags = 1, ReadOnly = 2, SendFlush = 4, SendFua = 8, SendTrim = 32, SendWriteZeroes = 64, SendDf = 128;
    private const ushort MultiConn = 256, SendCache = 1024, SendFastZero = 2048;

    private readonly TestCatalog _catalog = new()
    {
        [""] = new ArrayDevice(new byte[1000]),
        ["disk ä"] = new ArrayDevice(new byte[2000], BlockDeviceFeatures.None),
    };

    [Fact]
    public async Task EXPORT_NAME_is_answered_with_124_zeroes_behind()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet(flags: 1);

        client.SendOption(RawClient.ExportName, "disk ä"u8);

        var answer = client.Receive(134);
        Assert.Equal(2000, BinaryPrimitives.ReadInt64BigEndian(answer));
        Assert.Equal(HasFlags | ReadOnly, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(8)));
        Assert.All(answer[10..], b => Assert.Equal(0, b));
        client.SendRequest(RawClient.Read, 0, 0, cookie: 9);
        Assert.Equal((0u, 9L), client.ReceiveSimple());
    }

    [Fact]
    public async Task EXPORT_NAME_is_answered_without_zeroes_where_both_sides_agreed()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet(flags: 3);

        client.SendOption(RawClient.ExportName);

        Assert.Equal(1000, BinaryPrimitives.ReadInt64BigEndian(client.Receive(10)));
        client.SendRequest(RawClient.Read, 0, 0, cookie: 9);
        Assert.Equal((0u, 9L), client.ReceiveSimple());
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("a\0b")]
    public async Task EXPORT_NAME_closes_where_there_is_no_such_export(string name)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.SendOption(RawClient.ExportName, Encoding.UTF8.GetBytes(name));

        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task LIST_names_every_export()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        var replies = client.AskAll(RawClient.List);

        Assert.Equal([RawClient.Server, RawClient.Server, RawClient.Ack], replies.Select(reply => reply.Type));
        Assert.Equal(RawClient.Text(""), replies[0].Data);
        Assert.Equal(RawClient.Text("disk ä"), replies[1].Data);
    }

    [Fact]
    public async Task INFO_tells_the_export_always_and_the_rest_on_request()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        var plain = client.AskAll(RawClient.Info, RawClient.InfoData("disk ä"));
        var all = client.AskAll(RawClient.Info, RawClient.InfoData("disk ä", 1, 2, 3, 77));

        Assert.Equal([RawClient.InfoReply, RawClient.Ack], plain.Select(reply => reply.Type));
        Assert.Equal([0, 0, .. RawClient.Big(2000ul), .. RawClient.Big((ushort)(HasFlags | ReadOnly))], plain[0].Data);
        Assert.Equal(
            [RawClient.InfoReply, RawClient.InfoReply, RawClient.InfoReply, RawClient.InfoReply, RawClient.Ack],
            all.Select(reply => reply.Type));
        Assert.Equal([0, 1, .. "disk ä"u8], all[1].Data);
        Assert.Equal([0, 2, .. "an array"u8], all[2].Data);
        Assert.Equal([0, 3, .. RawClient.Big(1u), .. RawClient.Big(65536u), .. RawClient.Big(33554432u)], all[3].Data);
    }

    [Fact]
    public async Task INFO_can_be_asked_again_and_again_before_GO()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.Ack, client.AskAll(RawClient.Info, RawClient.InfoData("")).Last().Type);
        Assert.Equal(RawClient.Ack, client.AskAll(RawClient.Info, RawClient.InfoData("disk ä")).Last().Type);
        Assert.Equal(RawClient.Ack, client.AskAll(RawClient.Go, RawClient.InfoData("")).Last().Type);
        client.SendRequest(RawClient.Read, 0, 0, cookie: 9);
        Assert.Equal((0u, 9L), client.ReceiveSimple());
    }

    [Fact]
    public async Task An_unknown_export_is_refused_in_words_and_the_session_lives()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.SendOption(RawClient.Go, RawClient.InfoData("nothing"));
        var (_, type, sentence) = client.ReceiveOptionReply();

        Assert.Equal(RawClient.ErrUnknown, type);
        Assert.Equal("there is no export \"nothing\"", Encoding.UTF8.GetString(sentence));
        Assert.Equal(RawClient.Ack, client.AskAll(RawClient.Go, RawClient.InfoData("")).Last().Type);
    }

    [Fact]
    public async Task An_export_that_cannot_be_opened_is_unknown_to_the_client_and_explained_in_the_log()
    {
        var catalog = new TestCatalog { Opening = () => throw new BlockDeviceException(BlockError.Io, "the bucket is on fire") };
        await using var server = new RunningServer(catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrUnknown, client.Ask(RawClient.Info, RawClient.InfoData("")));
        await server.Log.WaitForAsync("the bucket is on fire");
    }

    [Fact]
    public async Task The_flags_are_those_of_the_features()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        const int Everything = HasFlags | SendFlush | SendFua | SendTrim | SendWriteZeroes | MultiConn | SendCache | SendFastZero;

        var simple = client.AskAll(RawClient.Info, RawClient.InfoData(""))[0].Data;
        client.Ask(RawClient.StructuredReply);
        var structured = client.AskAll(RawClient.Info, RawClient.InfoData(""))[0].Data;

        Assert.Equal(Everything, BinaryPrimitives.ReadUInt16BigEndian(simple.AsSpan(10)));
        Assert.Equal(Everything | SendDf, BinaryPrimitives.ReadUInt16BigEndian(structured.AsSpan(10)));
    }
}
