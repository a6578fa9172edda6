using Becket.Blocks;
using Becket.Nbd;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>The greeting, and what ends a handshake before an export is entered.</summary>
public class HandshakeEndTests
{
    private readonly TestCatalog _catalog = new() { [""] = new ArrayDevice(new byte[1000]) };

    [Fact]
    public async Task The_server_greets_first()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect();

        Assert.Equal("NBDMAGICIHAVEOPT\0\u0003"u8, client.Receive(18));
    }

    [Fact]
    public async Task A_client_with_unknown_flags_is_dropped()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet(flags: 7);

        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task ABORT_is_acknowledged_and_ends_the_connection()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Abort));
        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task A_wrong_magic_closes()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.Send("GET / HTTP/1.1\r\n\r\n"u8);

        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task An_absurdly_long_option_closes_before_it_is_received()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        client.Send([.. "IHAVEOPT"u8, .. RawClient.Big(RawClient.Info), .. RawClient.Big(0xFFFFFFF0u)]);

        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task A_client_that_never_comes_to_the_point_is_dropped()
    {
        await using var server = new RunningServer(_catalog);
        using var client = server.Connect().Greet();

        for (var i = 0; i < 4096; i++)
            Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));

        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task A_client_that_stalls_is_dropped()
    {
        await using var server = new RunningServer(_catalog, new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(100) });
        using var client = server.Connect().Greet();

        client.Send("IHAVE"u8);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client stalled in the handshake");
    }

    [Fact]
    public async Task An_export_that_does_not_open_in_time_ends_the_handshake()
    {
        await using var server = new RunningServer(
            new ImpatientCatalog(), new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(100) });
        using var client = server.Connect().Greet();

        client.SendOption(RawClient.Go, RawClient.InfoData(""));

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("did not open in time");
    }

    /// <summary>Opens nothing until it is told to give up.</summary>
    private sealed class ImpatientCatalog : IExportCatalog
    {
        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<string>();

        public async ValueTask<IBlockDevice?> OpenAsync(string name, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return null;
        }
    }
}
