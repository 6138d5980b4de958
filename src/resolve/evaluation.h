// Gives each winner of the merge its final value. Used by tell() only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resolve/answers.h"
#include "resolve/reference_value.h"
#include "resolve/story.h"
#include "resolve/template.h"

namespace sutler::resolve {

// Works on the Story's merged winners and fills its outcomes and problems. Each variable is
// evaluated once, when it is first needed; values that lost the merge are never touched.
//
// The sources are asked for the references of all winners before anything is evaluated, so that
// what is not read yet can be read in one go.
class Evaluation {
 public:
  Evaluation(Story& story, const model::Workload& workload, OnProblem on_problem,
             const Answers& answers);
  // All variables, then all files, in order of their names, then the required keys.
  void run();

 private:
  void ask_sources();
  void ask(const store::ValueView& value, std::size_t group, std::string_view kind,
           std::string_view key, Outcome& outcome);
  // Takes the optional entries whose values do not exist out of the story's merged.
  void drop_absent();
  base::Result<void> refer(const model::Reference& reference, Place place, model::Encoding wanted,
                           Outcome& outcome);
  base::Result<void> check_expanded(const Winner<store::VariableView>& winner,
                                    std::string_view value) const;
  void settle_variable(std::size_t position);
  void settle_file(std::size_t position);
  base::Result<void> evaluate(const store::ValueView& value, std::size_t group, Place place,
                              model::Encoding wanted, Outcome& outcome);
  base::Result<std::string_view> look_up(std::string_view name, Outcome& asker);
  base::Result<void> count(std::string_view key, std::string_view text);
  void check_required();
  [[nodiscard]] std::optional<std::size_t> find_variable(std::string_view name) const;
  [[nodiscard]] bool has_key(std::string_view key) const;
  [[nodiscard]] std::string way_round(std::size_t back_to) const;
  void tell_problem(base::Error error, std::string_view kind, std::string_view key,
                    std::size_t group, const model::Value* value);
  [[nodiscard]] bool stopped() const;

  Story& story_;
  const model::Workload& workload_;
  OnProblem on_problem_;
  const Answers answers_;
  std::vector<std::size_t> path_;  // variables that are being evaluated, outermost first
  std::size_t bytes_ = 0;          // of all names and values so far
  std::size_t names_bytes_ = 0;    // of all groups and keys so far, as the audit writes them
  bool full_ = false;              // over the bundle's limit: nothing more is evaluated
};

}  // namespace sutler::resolve
