using Becket.Attaching;
using Becket.Daemon;

namespace Becket.Tests.Program;

/// <summary>Alone: a process that another test starts holds every lock of this one for a moment, between fork and exec.</summary>
[Collection(nameof(Alone))]
public sealed class StateFolderTests : IDisposable
{
    private const string Variable = "BECKET_RUNTIME_DIR";

    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);
    private readonly string _root = Path.Combine(Directory.CreateTempSubdirectory("becket-").FullName, "run");

    public StateFolderTests() => Environment.SetEnvironmentVariable(Variable, _root);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, _before);
        Directory.Delete(Path.GetDirectoryName(_root)!, recursive: true);
    }

    [Fact]
    public void The_lowest_free_number_is_claimed_and_is_its_owners_alone()
    {
        using var first = StateFolder.Claim(StateLock.Supervisor);
        using var second = StateFolder.Claim(StateLock.Server);
        second.Save(NewState("second"));
        first.Remove();
        using var third = StateFolder.Claim(StateLock.Supervisor, StateLock.Server);

        Assert.Equal(("1", "2", "1"), (first.Id, second.Id, third.Id));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(third.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(second.Path, "state.json")));
    }

    [Fact]
    public void A_number_with_a_state_is_not_claimed_even_when_its_processes_are_dead()
    {
        using (var dead = StateFolder.Claim(StateLock.Server))
            dead.Save(NewState("dead"));

        using var next = StateFolder.Claim(StateLock.Server);

        Assert.Equal("2", next.Id);
        Assert.Equal("dead", Assert.Single(StateFolder.List()).State?.Source);
    }

    [Fact]
    public void A_lock_is_held_until_its_holder_lets_go()
    {
        using var looking = StateFolder.Open("1");
        Assert.False(looking.IsHeld(StateLock.Server));
        using (var owner = StateFolder.Claim(StateLock.Server))
        {
            Assert.True(looking.IsHeld(StateLock.Server));
            Assert.False(looking.IsHeld(StateLock.Supervisor));
            Assert.False(owner.IsHeld(StateLock.Server)); // by another process, that is
            Assert.False(looking.TryLock(StateLock.Server));
        }

        Assert.False(looking.IsHeld(StateLock.Server));
        Assert.True(looking.TryLock(StateLock.Server, StateLock.Supervisor));
    }

    [Fact]
    public void Locks_are_taken_together_or_not_at_all()
    {
        using var owner = StateFolder.Claim(StateLock.Supervisor);
        using var other = StateFolder.Open(owner.Id);

        Assert.False(other.TryLock(StateLock.Server, StateLock.Supervisor));

        Assert.False(owner.IsHeld(StateLock.Server));
        Assert.True(owner.TryLock(StateLock.Server));
    }

    [Fact]
    public void Who_only_looks_is_never_in_the_way_of_who_takes()
    {
        using var folder = StateFolder.Claim(StateLock.Supervisor);
        var stop = false;
        var looking = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
                StateFolder.Open(folder.Id).IsHeld(StateLock.Server);
        });
        looking.Start();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                using var server = StateFolder.Open(folder.Id);
                Assert.True(server.TryLock(StateLock.Server), $"in round {i}");
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            looking.Join();
        }
    }

    [Fact]
    public void Of_many_who_claim_at_once_each_gets_a_number_of_its_own()
    {
        var claimed = new StateFolder[24];
        Parallel.For(0, claimed.Length, i => claimed[i] = StateFolder.Claim(StateLock.Supervisor, StateLock.Server));

        Assert.Equal(claimed.Length, claimed.Select(static folder => folder.Id).Distinct().Count());

        foreach (var folder in claimed)
            folder.Dispose();
    }

    [Fact]
    public void Numbers_that_come_and_go_all_the_time_belong_to_one_owner_each()
    {
        var owners = new int[64];
        Parallel.For(0, 400, _ =>
        {
            using var folder = StateFolder.Claim(StateLock.Supervisor, StateLock.Server);
            var number = int.Parse(folder.Id, System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(1, Interlocked.Increment(ref owners[number]));
            folder.Save(NewState("mine"));
            Interlocked.Decrement(ref owners[number]);
            folder.Remove();
        });

        Assert.Empty(StateFolder.List());
    }

    [Fact]
    public void A_state_comes_back_as_it_was_saved()
    {
        using var folder = StateFolder.Claim(StateLock.Server);
        Assert.Null(folder.State);
        var state = NewState("s3://bucket/käse.img") with
        {
            MountPoint = "/mnt",
            Arguments = ["mount", "s3://bucket/käse.img", "/mnt"],
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = "/root" },
            Nodes = ["/dev/nbd0p1"],
        };

        folder.Save(state);

        var read = StateFolder.Open(folder.Id).State!;
        Assert.Equal(state.Arguments, read.Arguments);
        Assert.Equal(state.Environment, read.Environment);
        Assert.Equal(state.Nodes, read.Nodes);
        Assert.Equal(state with { Arguments = null, Environment = read.Environment, Nodes = read.Nodes }, read with { Arguments = null });
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("not json")]
    public void What_is_no_state_is_none(string text)
    {
        using var folder = StateFolder.Claim(StateLock.Server);
        File.WriteAllText(Path.Combine(folder.Path, "state.json"), text);

        Assert.Null(folder.State);
    }

    [Fact]
    public void Removing_leaves_nothing_and_may_be_done_twice()
    {
        using var folder = StateFolder.Claim(StateLock.Server);
        folder.Save(NewState("x"));
        File.WriteAllText(folder.LogFile, "words");
        Directory.CreateDirectory(folder.ImageFolder);

        folder.Remove();
        folder.Remove();

        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    /// <summary>As when a server that has failed cleans up, somebody else claims the number, and its supervisor cleans up, too.</summary>
    [Fact]
    public void Removing_again_leaves_the_folder_of_whoever_has_the_number_by_now()
    {
        using var supervisor = StateFolder.Claim(StateLock.Supervisor);
        using var server = StateFolder.Open(supervisor.Id);
        Assert.True(server.TryLock(StateLock.Server));
        server.Remove();
        using var next = StateFolder.Claim(StateLock.Supervisor);

        supervisor.Remove();

        Assert.Equal(supervisor.Id, next.Id);
        next.Save(NewState("next"));
        supervisor.Remove();
        Assert.Equal("next", Assert.Single(StateFolder.List()).State?.Source);
    }

    [Fact]
    public void Who_holds_no_lock_removes_nothing()
    {
        using var owner = StateFolder.Claim(StateLock.Supervisor);
        owner.Save(NewState("owned"));

        StateFolder.Open(owner.Id).Remove();

        Assert.Equal("owned", Assert.Single(StateFolder.List()).State?.Source);
    }

    [Fact]
    public void An_image_folder_that_holds_something_is_not_deleted_into()
    {
        using var folder = StateFolder.Claim(StateLock.Server);
        folder.Save(NewState("x"));
        Directory.CreateDirectory(folder.ImageFolder);
        var file = Path.Combine(folder.ImageFolder, "disk.img");
        File.WriteAllText(file, "bytes");

        folder.Remove();

        Assert.True(File.Exists(file));
        Assert.Empty(StateFolder.List());
    }

    private static AttachmentState NewState(string source) => new()
    {
        Source = source,
        Identity = "\"etag\" 1",
        Size = 1,
        Via = AttachmentMethod.Nbd,
        Device = "/dev/nbd0",
        Process = 1,
        Started = DateTimeOffset.UnixEpoch,
    };
}
