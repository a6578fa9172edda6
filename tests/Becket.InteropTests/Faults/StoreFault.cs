using Becket.DevS3;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Faults;

/// <summary>Something that is wrong with a store for a while.</summary>
/// <param name="Name">In words; the row of the table.</param>
/// <param name="Says">What the server's log has to say of it; null where it need not say anything.</param>
/// <param name="Begin">Starts it.</param>
/// <param name="End">Puts right what it broke.</param>
internal sealed record StoreFault(
    string Name, string? Says, Func<TroubledStore, CancellationToken, Task> Begin, Func<TroubledStore, CancellationToken, Task> End)
{
    /// <summary>How the client reaches the store.</summary>
    public Func<TroubledStore, Source> Reach { get; init; } = static store => store.Source(KeyPlace.Environment);

    public static IReadOnlyList<StoreFault> All { get; } =
    [
        Injected("answers up to 0.6 s late", null, new FaultRule(FaultKind.Latency)
        {
            MinimumLatency = TimeSpan.FromSeconds(0.1), MaximumLatency = TimeSpan.FromSeconds(0.6), Probability = 0.5,
        }),
        Injected("no answer at all", "nothing came for", new FaultRule(FaultKind.Latency)
        {
            MinimumLatency = TimeSpan.FromHours(1), MaximumLatency = TimeSpan.FromHours(1),
        }),
        Injected("500", "500 InternalError", new FaultRule(FaultKind.InternalError)),
        Injected("503 with Retry-After", "503 SlowDown", new FaultRule(FaultKind.SlowDown)),
        Injected("503 without Retry-After", "503 SlowDown", new FaultRule(FaultKind.SlowDown) { RetryAfter = null }),
        Injected("429 with Retry-After", "429 TooManyRequests", new FaultRule(FaultKind.TooManyRequests)),
        Injected("429 without Retry-After", "429 TooManyRequests", new FaultRule(FaultKind.TooManyRequests) { RetryAfter = null }),
        Injected("reset before the answer", "the connection to the server broke", new FaultRule(FaultKind.Reset)),
        Injected("reset within the body", "the connection to the server broke", new FaultRule(FaultKind.ResetInBody)),
        Injected("reset after the body", null, new FaultRule(FaultKind.ResetAfterBody)),
        Injected("body too short", "the body ended after", new FaultRule(FaultKind.Truncate)),
        Injected("body too long", "the body is longer than the range", new FaultRule(FaultKind.Overlong)),
        Injected("body stalls", "nothing came for", new FaultRule(FaultKind.Stall)),
        Injected("wrong Content-Range", "the server sent bytes", new FaultRule(FaultKind.WrongContentRange)),
        Injected("200 for a range", "the server ignored the range", new FaultRule(FaultKind.IgnoreRange)),
        Injected("wrong ETag", "replaced", new FaultRule(FaultKind.WrongETag)),
        Injected("permission withdrawn", "access denied", new FaultRule(FaultKind.AccessDenied)),
        new("name unknown (DNS)", "the server's name cannot be resolved", ForgetHostAsync, static (store, _) => Now(store.KnowHost))
        {
            Reach = static store => store.SourceByName(),
        },
        new("connection refused", "the server refused the connection", static async (store, _) => await store.StopServerAsync(),
            static (store, token) => store.StartServerAgainAsync(token)),
        new("keys expired, the credential process has new ones", null, ExpireAsync, static (_, _) => Task.CompletedTask)
        {
            Reach = static store => store.Source(KeyPlace.Process),
        },
        new("keys replaced, then the profile written anew", "does not know the access key",
            static (store, token) => store.ChangeKeysAsync(token),
            static (store, _) => Now(store.WriteProfile))
        {
            Reach = static store => store.Source(KeyPlace.Profile),
        },
        new("clocks an hour apart", "differs from ours", static (store, _) => Now(() => store.Clock.Shift(TimeSpan.FromHours(1))),
            static (store, _) => Now(() => store.Clock.Shift(TimeSpan.Zero))),
        new("object replaced, then put back", "replaced", ReplaceAsync, static (store, _) => Now(() => Restore(store))),
        new("object deleted, then put back", "does not exist", DeleteAsync, static (store, _) => Now(() => Restore(store))),
        new("bucket deleted, then put back", "there is no bucket",
            static (store, _) => Now(() => Directory.Move(store.BucketFolder, Aside(store))),
            static (store, _) => Now(() => Directory.Move(Aside(store), store.BucketFolder))),
    ];

    public override string ToString() => Name;

    private static StoreFault Injected(string name, string? says, FaultRule rule) =>
        new(name, says, (store, _) => Now(() => store.Faults.Add(rule)), static (store, _) => Now(store.Faults.Clear));

    private static Task ForgetHostAsync(TroubledStore store, CancellationToken token)
    {
        // The connections that there are would hide it.
        store.ForgetHost();
        return store.RestartServerAsync(token);
    }

    private static Task ExpireAsync(TroubledStore store, CancellationToken token)
    {
        store.Faults.Add(new FaultRule(FaultKind.ExpiredToken) { AccessKey = store.AccessKey });
        var changed = store.ChangeKeysAsync(token);
        store.WriteProcessKeys();
        return changed;
    }

    private static Task ReplaceAsync(TroubledStore store, CancellationToken token) => Now(() =>
    {
        Directory.Move(store.BucketFolder, Aside(store));
        Directory.CreateDirectory(store.BucketFolder);
        foreach (var path in Directory.EnumerateFiles(Aside(store)))
            KnownBytes.Write(Path.Combine(store.BucketFolder, Path.GetFileName(path)), number: 99, TroubledStore.Size);
    });

    private static Task DeleteAsync(TroubledStore store, CancellationToken token) => Now(() =>
    {
        Directory.Move(store.BucketFolder, Aside(store));
        Directory.CreateDirectory(store.BucketFolder);
    });

    private static void Restore(TroubledStore store)
    {
        Directory.Delete(store.BucketFolder, recursive: true);
        Directory.Move(Aside(store), store.BucketFolder);
    }

    private static string Aside(TroubledStore store) => $"{store.BucketFolder}.aside";

    private static Task Now(Action change)
    {
        change();
        return Task.CompletedTask;
    }
}
