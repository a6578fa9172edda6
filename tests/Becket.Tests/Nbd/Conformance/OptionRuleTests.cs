using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Becket.Blocks;
using Becket.Nbd;

namespace Becket.Tests.Nbd.Conformance;

/// <summary>What proto.md says of the handshake and is not looked at where the options have their own tests, byte by byte.</summary>
public class OptionRuleTests
{
    private const ushort HasFlags = 1, ReadOnly = 2, SendFlush = 4, SendFua = 8, SendTrim = 32, SendWriteZeroes = 64;
    private const ushort MultiConn = 256, SendCache = 1024, SendFastZero = 2048;
    private const BlockDeviceFeatures Write = BlockDeviceFeatures.Write;

    private readonly TestCatalog _catalog = new()
    {
        [""] = new ArrayDevice(new byte[1000]),
        ["odd"] = new ArrayDevice(new byte[1_000_003], BlockDeviceFeatures.None),
    };

    [Fact]
    public async Task The_greeting_is_newstyle_and_holds_no_size()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect();

        var greeting = client.Receive(18);

        // Oldstyle has 0x00420281861253 where newstyle has IHAVEOPT.
        Assert.Equal("IHAVEOPT"u8, greeting.AsSpan(8, 8));
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.True(client.IsClosed());
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(7u)]
    [InlineData(0x8000_0003u)]
    [InlineData(0xffff_ffffu)]
    public async Task A_client_that_sets_a_flag_that_nobody_offered_is_dropped(uint flags)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet(flags);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("unknown handshake flags");
    }

    [Theory]
    [InlineData(0u, 134)]
    [InlineData(1u, 134)]
    [InlineData(2u, 10)]
    [InlineData(3u, 10)]
    public async Task The_124_zeroes_depend_on_NO_ZEROES_alone(uint flags, int size)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet(flags);

        client.SendOption(RawClient.ExportName);
        client.Receive(size);

        client.SendRequest(RawClient.Read, 0, 0, cookie: 9);
        Assert.Equal((0u, 9L), client.ReceiveSimple());
    }

    [Theory]
    [InlineData("c328")]
    [InlineData("6100")]
    public async Task EXPORT_NAME_closes_where_the_name_is_not_UTF8_without_NUL(string name)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.SendOption(RawClient.ExportName, Convert.FromHexString(name));

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("closed, export");
    }

    [Fact]
    public async Task EXPORT_NAME_of_more_than_4096_bytes_closes()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.SendOption(RawClient.ExportName, new byte[4097]);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("longer than 4096");
    }

    [Fact]
    public async Task ABORT_with_data_is_acknowledged_and_closes_too()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Abort, "farewell"u8));
        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client ended the handshake");
    }

    [Fact]
    public async Task INFO_does_not_begin_transmission()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.AskAll(RawClient.Info, RawClient.InfoData(""));

        client.Send(RawClient.Request(RawClient.Read, 0, 0));

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("wrong magic before an option");
    }

    [Fact]
    public async Task Extended_headers_are_not_supported()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrUnsup, client.Ask(11));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }

    [Fact]
    public async Task EXPORT_NAME_enters_with_the_replies_and_the_context_that_were_agreed_on()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);
        var flags = client.AskAll(RawClient.Info, RawClient.InfoData(""))[0].Data[10..];
        client.AskAll(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation"));

        client.SendOption(RawClient.ExportName);

        Assert.Equal([.. RawClient.Big(1000ul), .. flags], client.Receive(10));
        client.SendRequest(RawClient.BlockStatus, 0, 1000);
        Assert.Equal(RawClient.Chunk.Status, client.ReceiveChunk().Type);
    }

    [Theory]
    [InlineData(RawClient.ListMetaContext, "", "x:y", RawClient.Chunk.Status)]
    [InlineData(RawClient.ListMetaContext, "odd", "base:", RawClient.Chunk.Status)]
    [InlineData(RawClient.SetMetaContext, "", "x:y", RawClient.Chunk.Failure)]
    [InlineData(RawClient.SetMetaContext, "odd", "base:allocation", RawClient.Chunk.Failure)]
    public async Task A_later_SET_replaces_the_selection_and_LIST_leaves_it_alone(uint option, string export, string query, ushort type)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();
        client.Ask(RawClient.StructuredReply);
        client.AskAll(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation"));

        Assert.Equal(RawClient.Ack, client.AskAll(option, RawClient.MetaData(export, query)).Last().Type);

        client.AskAll(RawClient.Go, RawClient.InfoData(""));
        client.SendRequest(RawClient.BlockStatus, 0, 1000);
        Assert.Equal(type, client.ReceiveChunk().Type);
    }

    [Theory]
    [InlineData(65_536, RawClient.ErrUnsup)]
    [InlineData(65_537, RawClient.ErrTooBig)]
    [InlineData(1_048_576, RawClient.ErrTooBig)]
    public async Task The_data_of_an_unknown_option_is_consumed_whatever_its_length(int length, uint error)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(error, client.Ask(99, new byte[length]));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }

    [Theory]
    [InlineData(99u, "")]
    [InlineData(RawClient.StartTls, "")]
    [InlineData(RawClient.List, "00")]
    [InlineData(RawClient.Info, "")]
    [InlineData(RawClient.Go, "00000001780000")]
    [InlineData(RawClient.SetMetaContext, "0000000000000000")]
    [InlineData(RawClient.ListMetaContext, "000000017800000000")]
    public async Task Every_refused_option_is_explained_in_a_sentence(uint option, string data)
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.SendOption(option, Convert.FromHexString(data));
        var (_, type, sentence) = client.ReceiveOptionReply();

        Assert.True(type >= 0x8000_0000);
        Assert.Matches(".* .* .*", new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(sentence));
    }

    [Theory]
    [InlineData(BlockDeviceFeatures.None, HasFlags | ReadOnly)]
    [InlineData(BlockDeviceFeatures.MultiConnection, HasFlags | ReadOnly | MultiConn)]
    [InlineData(BlockDeviceFeatures.Prefetch, HasFlags | ReadOnly | SendCache)]
    [InlineData(BlockDeviceFeatures.Trim | BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero, HasFlags | ReadOnly)]
    [InlineData(Write, HasFlags)]
    [InlineData(Write | BlockDeviceFeatures.Flush, HasFlags | SendFlush)]
    [InlineData(Write | BlockDeviceFeatures.Durable, HasFlags | SendFua)]
    [InlineData(Write | BlockDeviceFeatures.Trim, HasFlags | SendTrim)]
    [InlineData(Write | BlockDeviceFeatures.Zero, HasFlags | SendWriteZeroes)]
    [InlineData(Write | BlockDeviceFeatures.Zero | BlockDeviceFeatures.FastZero, HasFlags | SendWriteZeroes | SendFastZero)]
    [InlineData(Write | BlockDeviceFeatures.FastZero, HasFlags)]
    public async Task Each_transmission_flag_is_what_the_device_can_and_there_is_no_other(BlockDeviceFeatures features, int flags)
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[10], features));
        using var client = server.Connect().Greet();

        var export = client.AskAll(RawClient.Info, RawClient.InfoData(""))[0].Data;

        Assert.Equal(flags, BinaryPrimitives.ReadUInt16BigEndian(export.AsSpan(10)));
    }

    [Fact]
    public async Task A_size_is_told_to_the_byte_with_a_minimum_block_of_1()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        var replies = client.AskAll(RawClient.Go, RawClient.InfoData("odd", 3));

        Assert.Equal(RawClient.Big(1_000_003ul), replies[0].Data[2..10]);
        Assert.Equal([0, 3, .. RawClient.Big(1u), .. RawClient.Big(65536u), .. RawClient.Big(33554432u)], replies[1].Data);
        client.SendRequest(RawClient.Read, 1_000_002, 1, cookie: 5);
        Assert.Equal((0u, 5L), client.ReceiveSimple());
        client.Receive(1);
    }

    [Fact]
    public void Small_messages_leave_at_once_over_TCP()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = RawClient.Connect(listener.LocalEndPoint!);
        using var accepted = listener.Accept();

        using var transport = new NbdTransport(accepted, TimeSpan.FromSeconds(1));

        Assert.True(accepted.NoDelay);
    }
}
