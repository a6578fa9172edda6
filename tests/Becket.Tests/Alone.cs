namespace Becket.Tests;

/// <summary>
/// Tests that count what this process holds, or that a process started by another one would disturb; no other test runs meanwhile.
/// </summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
