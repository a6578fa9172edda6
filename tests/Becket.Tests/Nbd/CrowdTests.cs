using Becket.Nbd;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Nbd;

/// <summary>Clients that hold memory and do not get on with it, and those that need it. The clock moves where a test moves it.</summary>
public class CrowdTests
{
    private const int Long = 32 * 1024 * 1024;
    private const int Usual = 2 * 1024 * 1024;
    private const string Reason = "the client hardly takes its replies";

    private static readonly byte[] Content = new byte[Long];

    private readonly FakeTimeProvider _time = new();

    private NbdServerOptions Options => field ??= new NbdServerOptions { Time = _time, DrainTimeout = TimeSpan.Zero };

    static CrowdTests() => new Random(5).NextBytes(Content);

    [Theory]
    [InlineData(3, Usual)]
    [InlineData(20, Usual)]
    [InlineData(60, Usual)]
    [InlineData(3, Long)]
    public async Task Clients_that_never_read_make_way_for_one_that_does(int count, int length)
    {
        await using var server = Start();
        var mute = Enumerable.Range(0, count).Select(_ => Mute(server, length)).ToList();
        while (!server.Room.HasWaiting)
            await Task.Yield();

        using var reader = server.Connect().EnterSimple();

        for (var i = 0; i < 4; i++)
        {
            var reading = Task.Run(() => Read(reader, length), TestContext.Current.CancellationToken);
            while (await Task.WhenAny(reading, Task.Delay(100, TestContext.Current.CancellationToken)) != reading)
                _time.Advance(Options.CrowdedTimeout);

            await reading;
        }

        mute.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData(20)]
    [InlineData(254)]
    public async Task A_client_that_has_taken_much_does_not_even_notice_newcomers_that_never_read(int count)
    {
        await using var server = Start();
        using var reader = server.Connect().EnterSimple();
        for (var i = 0; i < 8; i++)
            Read(reader, Usual);

        var mute = Enumerable.Range(0, count).Select(_ => Mute(server, Usual)).ToList();
        while (!server.Room.HasWaiting)
            await Task.Yield();

        for (var i = 0; i < 40; i++)
            Read(reader, Usual);

        mute.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Nobody_is_ended_for_a_slow_device()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RunningServer(new ArrayDevice(Content) { Waiting = (_, _, _) => gate.Task }, Options);
        var readers = Enumerable.Range(0, 20).Select(_ => Task.Run(
            () =>
            {
                using var client = server.Connect().EnterSimple();
                Read(client, Usual);
            },
            TestContext.Current.CancellationToken)).ToList();
        while (!server.Room.HasWaiting)
            await Task.Yield();

        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Options.CrowdedTimeout);
            await Task.Yield();
        }

        gate.SetResult();
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_left_alone_while_nobody_waits_for_its_memory()
    {
        await using var server = Start();
        using var mute = Mute(server, Usual);
        using var reader = server.Connect().EnterSimple();
        for (var i = 0; i < 20; i++)
        {
            Read(reader, Usual);
            _time.Advance(Options.CrowdedTimeout);
        }

        for (var i = 0; i < 16; i++)
        {
            Assert.Equal(0u, mute.ReceiveSimple().Error);
            Assert.True(Content.AsSpan(0, Usual).SequenceEqual(mute.Receive(Usual)));
        }
    }

    [Fact]
    public async Task A_write_that_does_not_go_on_makes_way_too()
    {
        await using var server = Start();
        using var stuck = server.Connect().EnterSimple();
        stuck.SendRequest(RawClient.Write, 0, Long, payload: new byte[1000]);
        using var reader = server.Connect().EnterSimple();

        var reading = Task.Run(() => Read(reader, Long), TestContext.Current.CancellationToken);
        while (!server.Room.HasWaiting)
            await Task.Yield();
        while (await Task.WhenAny(reading, Task.Delay(100, TestContext.Current.CancellationToken)) != reading)
            _time.Advance(Options.CrowdedTimeout);

        await reading;
        await server.Log.WaitForAsync(Reason);
    }

    private RunningServer Start() => new(new ArrayDevice(Content) { Waiting = async (_, _, _) => await Task.Yield() }, Options);

    /// <summary>A client that asks for more than its socket takes and reads none of it.</summary>
    private static RawClient Mute(RunningServer server, int length)
    {
        var client = server.Connect().EnterSimple();
        client.Send([.. Enumerable.Range(0, 16).SelectMany(i => RawClient.Request(RawClient.Read, 0, (uint)length, cookie: i))]);
        return client;
    }

    private static void Read(RawClient client, int length)
    {
        client.SendRequest(RawClient.Read, 0, (uint)length, cookie: 7);
        Assert.Equal((0u, 7L), client.ReceiveSimple());
        Assert.True(Content.AsSpan(0, length).SequenceEqual(client.Receive(length)));
    }
}
